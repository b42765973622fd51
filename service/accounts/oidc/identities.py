"""Whose account it is that a provider vouches for: by issuer and subject, never by an address that may change hands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from schemas.problems import Problem, Refused
from service.accounts.directory import DirectoryError, normal
from service.accounts.models import login_address
from service.accounts.oidc.id_token import Vouched
from service.accounts.ways import identity


def person_of(connection: Connection, asked: Row[Any], vouched: Vouched, now: datetime) -> str:
    """Who signs in by the provider that was `asked`; Refused(IDENTITY_UNKNOWN) for nobody of its tenant."""
    this = _this(asked.tenant_id, vouched)
    used = update(identity).where(*this).values(last_used_at=now).returning(identity.c.person_id)
    person_id: str | None = connection.scalar(used)
    person_id = person_id or _by_address(connection, asked, vouched, now)
    if person_id is None:
        raise Refused(Problem.IDENTITY_UNKNOWN)
    return person_id


def link(connection: Connection, tenant_id: UUID, person_id: str, vouched: Vouched, now: datetime) -> UUID:
    """Let the person sign in so from now on, and return the link's id; Refused(IDENTITY_TAKEN) when another does."""
    row = {
        "tenant_id": tenant_id,
        "id": uuid4(),
        "issuer": vouched.issuer,
        "subject": vouched.subject,
        "person_id": person_id,
        "created_at": now,
    }
    connection.execute(insert(identity).values(row).on_conflict_do_nothing())
    stands = connection.execute(select(identity).where(*_this(tenant_id, vouched))).one()
    if stands.person_id != person_id:
        raise Refused(Problem.IDENTITY_TAKEN)
    found: UUID = stands.id
    return found


def of_person(connection: Connection, tenant_id: UUID, person_id: str) -> Sequence[Row[Any]]:
    """The accounts elsewhere that she signs in by, the first linked first."""
    hers = select(identity).where(identity.c.tenant_id == tenant_id, identity.c.person_id == person_id)
    return connection.execute(hers.order_by(identity.c.created_at, identity.c.id)).all()


def unlink(connection: Connection, tenant_id: UUID, person_id: str, identity_id: UUID) -> bool:
    """Let her no longer sign in so; whether she did."""
    hers = (identity.c.tenant_id == tenant_id) & (identity.c.person_id == person_id)
    return connection.execute(delete(identity).where(hers, identity.c.id == identity_id)).rowcount > 0


def _by_address(connection: Connection, asked: Row[Any], vouched: Vouched, now: datetime) -> str | None:
    """Once, where the provider may: the person with the verified address, who has no account at this issuer yet."""
    if not asked.links_by_verified_address or vouched.address is None:
        return None
    try:
        address = normal(vouched.address)
    except DirectoryError:
        return None
    if address.rpartition("@")[2] not in asked.domains:
        return None
    here = (login_address.c.tenant_id == asked.tenant_id) & (login_address.c.address == address)
    # locked, so that two accounts that say the same address do not both find her free
    person_id: str | None = connection.scalar(select(login_address.c.person_id).where(here).with_for_update())
    if person_id is None or _is_linked(connection, asked.tenant_id, person_id, vouched.issuer):
        return None
    link(connection, asked.tenant_id, person_id, vouched, now)
    return person_id


def _is_linked(connection: Connection, tenant_id: UUID, person_id: str, issuer: str) -> bool:
    hers = (identity.c.tenant_id == tenant_id) & (identity.c.person_id == person_id)
    return (
        connection.execute(select(identity.c.id).where(hers, identity.c.issuer == issuer)).first() is not None
    )


def _this(tenant_id: UUID, vouched: Vouched) -> tuple[Any, ...]:
    named = (identity.c.issuer == vouched.issuer, identity.c.subject == vouched.subject)
    return (identity.c.tenant_id == tenant_id, *named)
