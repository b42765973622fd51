"""Heard at the one door: what happened becomes a delivery for each endpoint that wants it and whose owner may see it.

Where a tenant has no endpoint this costs a push one empty answer in a message that travels anyhow. Endpoints are made
under the tenant's clock, as pushes are: no push can miss one that was there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert

from service import jobs
from service.integrations.webhooks.apps import Leave, closed_to
from service.integrations.webhooks.events import names_of
from service.integrations.webhooks.tables import delivery
from sync.server.audience import who_sees
from sync.server.following import Happened
from sync.server.statement import Question, Statement

SEND = "send_webhooks"
WAITING, DELIVERED, DEAD = "waiting", "delivered", "dead"
_ENDPOINTS = Statement(
    "SELECT id, person_id, app_id, events FROM webhook WHERE tenant_id = :tenant AND disabled_at IS NULL ORDER BY id"
)


class Webhooks:
    """Follows the writes of every tenant that has endpoints; `leave` knows what apps may read."""

    def __init__(self, leave: Leave) -> None:
        self._leave = leave

    def question(self, tenant_id: UUID) -> Question:
        """The tenant's endpoints."""
        return _ENDPOINTS, {"tenant": tenant_id}

    def hear(
        self,
        connection: Connection,
        tenant_id: UUID,
        answer: Sequence[Any],
        happened: Sequence[Happened],
        now: datetime,
    ) -> None:
        """Write down what is to be sent, and have it sent once this has committed."""
        told = [(one, name) for one in happened for name in names_of(one.write)]
        wanted = {name for endpoint in answer for name in endpoint.events}
        told = [(one, name) for one, name in told if name in wanted]
        if not told:
            return
        keys = {(one.write.collection, one.write.id) for one, _ in told}
        closed = closed_to(connection, tenant_id, answer, self._leave, now)
        seen = who_sees(connection, tenant_id, {endpoint.person_id for endpoint in answer}, keys)
        rows = [
            row(tenant_id, endpoint.id, name, now, (*_key(one), one.seq, place))
            for endpoint in answer
            if endpoint.id in closed
            for place, (one, name) in enumerate(told)
            if name in endpoint.events
            and one.write.collection not in closed[endpoint.id]
            and (endpoint.person_id, _key(one)) in seen
        ]
        if rows:
            connection.execute(insert(delivery), rows)
        for webhook_id in sorted({row["webhook_id"] for row in rows}):
            send_soon(connection, tenant_id, webhook_id)


def row(
    tenant_id: UUID,
    webhook_id: UUID,
    event: str,
    now: datetime,
    about: tuple[str | None, str | None, int, int],
) -> dict[str, Any]:
    """A delivery that waits; `about` is collection, record, number and place."""
    collection, record_id, seq, place = about
    return {
        "tenant_id": tenant_id,
        "id": uuid4(),
        "webhook_id": webhook_id,
        "event": event,
        "collection": collection,
        "record_id": record_id,
        "seq": seq,
        "place": place,
        "happened_at": now,
        "queued_at": now,
        "state": WAITING,
        "next_at": now,
    }


def send_soon(connection: Connection, tenant_id: UUID, webhook_id: UUID) -> None:
    """Have an endpoint's deliveries sent; of its jobs one runs at a time."""
    said = {"tenant_id": str(tenant_id), "webhook_id": str(webhook_id)}
    jobs.enqueue(connection, SEND, key=f"webhook:{webhook_id}", queue=jobs.OUTWARD, **said)


def _key(one: Happened) -> tuple[str, str]:
    return one.write.collection, one.write.id
