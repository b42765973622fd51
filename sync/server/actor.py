"""Who is acting: plain data, never a row or a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

SYSTEM = "system"
"""The person id and the role of the service itself (jobs, effects of a change)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person on a device in a tenant, with what she may do there.

    `roles` are the person's (teacher, coach, lead, principal, admin); `token_scopes` is None for our own apps, which
    may do what the person may, and a set of names for third parties. `hidden`: the collections that those do not open.
    `app_id`: that third party.
    """

    tenant_id: UUID
    person_id: str
    device_id: str
    roles: frozenset[str] = frozenset()
    token_scopes: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()
    app_id: str | None = None

    def readable(self, collections: Iterable[str]) -> list[str]:
        """Those of the collections that the token opens."""
        return [name for name in collections if name not in self.hidden]

    @property
    def is_system(self) -> bool:
        """Whether the service itself acts, for whom no rule of persons applies."""
        return SYSTEM in self.roles


def system_actor(tenant_id: UUID) -> Actor:
    """The service itself, inside one tenant."""
    return Actor(tenant_id, SYSTEM, "server", frozenset({SYSTEM}))
