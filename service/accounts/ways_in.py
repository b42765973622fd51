"""What a person signs in by, together: addresses, accounts at schools, passkeys. The last one stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from schemas.problems import Problem, Refused
from service.accounts import passkeys, sessions
from service.accounts.models import login_address
from service.accounts.oidc import identities

RECENT = timedelta(minutes=15)
"""How long ago at most a person signed in who changes what she signs in by: an unlocked phone must not suffice."""


def of_person(connection: Connection, tenant_id: UUID, person_id: str) -> dict[str, Any]:
    """All of them, by their sort."""
    hers = (login_address.c.tenant_id == tenant_id) & (login_address.c.person_id == person_id)
    addresses = select(login_address.c.address).where(hers).order_by(login_address.c.address)
    return {
        "addresses": list(connection.execute(addresses).scalars()),
        "identities": identities.of_person(connection, tenant_id, person_id),
        "passkeys": passkeys.of_person(connection, tenant_id, person_id),
    }


def demand_one(connection: Connection, tenant_id: UUID, person_id: str) -> None:
    """Refused(LAST_WAY_IN), so that the transaction is undone, where she could no longer come in."""
    if not any(of_person(connection, tenant_id, person_id).values()):
        raise Refused(Problem.LAST_WAY_IN)


def demand_recent(
    connection: Connection, tenant_id: UUID, person_id: str, device_id: str, now: datetime
) -> None:
    """Refused(RECENT_SIGN_IN_REQUIRED) unless she signed in on this device a short while ago."""
    rows = sessions.of_person(connection, tenant_id, person_id)
    if not any(row.device_id == device_id and now - row.created_at <= RECENT for row in rows):
        raise Refused(Problem.RECENT_SIGN_IN_REQUIRED)
