"""What endpoints may hear: an app's what a person lets it read, for as long as she does; a person's own while she administers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, any_, literal, select

from service.records import KINDS
from service.records.people import table as people

MANAGE = "webhooks:manage"
"""The scope by which an app has endpoints, and is told anything at all."""


class Leave(Protocol):
    """Knows what apps may do for people now; the room of accounts does."""

    def __call__(
        self, connection: Connection, tenant_id: UUID, whose: Iterable[tuple[str, str]], now: datetime
    ) -> Mapping[tuple[str, str], frozenset[str]]:
        """The scopes for each (person, app) for which there is a leave."""


def closed_to(
    connection: Connection, tenant_id: UUID, endpoints: Collection[Any], leave: Leave, now: datetime
) -> dict[UUID, frozenset[str]]:
    """For each endpoint the collections of which it may not hear; one that may hear nothing is not among them."""
    found: dict[UUID, frozenset[str]] = {}
    apps = [endpoint for endpoint in endpoints if endpoint.app_id is not None]
    whose = {(endpoint.person_id, endpoint.app_id) for endpoint in apps}
    given = leave(connection, tenant_id, whose, now) if whose else {}
    for endpoint in apps:
        scopes = given.get((endpoint.person_id, endpoint.app_id), frozenset())
        if MANAGE in scopes:
            found[endpoint.id] = KINDS.hidden(scopes)
    own = [endpoint for endpoint in endpoints if endpoint.app_id is None]
    keeping = _administrators(connection, tenant_id, {endpoint.person_id for endpoint in own})
    return found | {endpoint.id: frozenset() for endpoint in own if endpoint.person_id in keeping}


def _administrators(connection: Connection, tenant_id: UUID, person_ids: Collection[str]) -> set[str]:
    """Those of these people who administer the tenant: who does so no more can switch her endpoint off no more."""
    if not person_ids:
        return set()
    these = select(people.c.id).where(people.c.tenant_id == tenant_id, people.c.id.in_(sorted(person_ids)))
    return set(connection.execute(these.where(literal("admin") == any_(people.c.roles))).scalars())
