"""Whose record the clock has overtaken: a role, or an evaluator, that began or ended by its date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, any_, func, or_, select

from service.records.granting import caught_up
from service.records.people import table as people
from service.records.role_grants import table as grants
from sync.changes import Change, Record
from sync.clock import stamp

MOST = 100
"""People at once. Ask again until fewer are due."""


def due(connection: Connection, tenant_id: UUID, now: datetime) -> list[Change]:
    """The changes of people's records that time has brought about in this tenant by `now`."""
    ids = list(connection.execute(_told_wrongly(tenant_id, now).limit(MOST)).scalars())
    return [change for person_id in ids if (change := _change(connection, tenant_id, person_id, now))]


def _about() -> ColumnElement[str]:
    return func.coalesce(grants.c.host_id, grants.c.person_id)


def _told_wrongly(tenant_id: UUID, now: datetime) -> Any:
    """People with a grant that stands and is not told, or one that has ended, is told, and has no other in its place."""
    one, other = grants.c, grants.alias("other").c
    stands = or_(one.from_at.is_(None), one.from_at <= now) & or_(one.until_at.is_(None), one.until_at > now)
    replaced = (
        select(other.id)
        .where(other.tenant_id == tenant_id, other.person_id == one.person_id, other.role == one.role)
        .where(other.host_id.is_not_distinct_from(one.host_id))
        .where(or_(other.from_at.is_(None), other.from_at <= now))
        .where(or_(other.until_at.is_(None), other.until_at > now))
        .exists()
    )
    as_role = func.coalesce(one.role == any_(people.c.roles), False)
    as_evaluator = func.coalesce(one.person_id == any_(people.c.evaluator_ids), False)
    told = (one.host_id.is_(None) & as_role) | (one.host_id.is_not(None) & as_evaluator)
    wrong = (stands & ~told) | (~stands & told & ~replaced)
    hers = (people.c.tenant_id == tenant_id) & (people.c.id == _about())
    query = select(people.c.id).distinct().join(grants, hers).where(one.tenant_id == tenant_id, wrong)
    return query.order_by(people.c.id)


def _change(connection: Connection, tenant_id: UUID, person_id: str, now: datetime) -> Change | None:
    hers = select(people).where(people.c.tenant_id == tenant_id, people.c.id == person_id)
    told = select(grants).where(grants.c.tenant_id == tenant_id, _about() == person_id)
    person = connection.execute(hers).one()
    return caught_up(dict(person._mapping), _records(connection.execute(told).all()), now)


def _records(rows: Sequence[Row[Any]]) -> list[Record]:
    return [
        {name: stamp(value) if isinstance(value, datetime) else value for name, value in row._mapping.items()}
        for row in rows
    ]
