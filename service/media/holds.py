"""What is held for an incident: the operator's list, and his release, through the door as everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import Connection, and_, false, select

from schemas.problems import Problem, Refused
from service.media import record as records
from service.media.record import COLLECTION, EXPIRING, HELD, READY
from sync.server.push import Door
from sync.server.tables import document


@dataclass(frozen=True, slots=True)
class Hold:
    """A recording that is held: whose it is, of which visit, who held it."""

    id: str
    visit_id: str
    author: str
    held_by: str


def held(connection: Connection, door: Door, tenant_id: UUID) -> list[Hold]:
    """All that is held in this tenant, by id."""
    table = door.kinds[COLLECTION].table.c
    its = and_(document.c.tenant_id == table.tenant_id, document.c.record_id == table.id)
    query = (
        select(table.id, table.visit_id, table.created_by, document.c.fields)
        .join(document, its)
        .where(table.tenant_id == tenant_id, table.state == HELD)
        .where(
            document.c.tenant_id == tenant_id,
            document.c.collection == COLLECTION,
            document.c.deleted == false(),
        )
        .order_by(table.id)
    )
    return [
        Hold(row.id, row.visit_id, row.created_by, _writer(row.fields)) for row in connection.execute(query)
    ]


def release(connection: Connection, door: Door, tenant_id: UUID, media_id: str, now: datetime) -> str:
    """Let it be seen again, or go if its consent or its time went meanwhile; returns the state. Raises Refused."""
    media = records.read(connection, tenant_id, media_id)
    if media is None:
        raise Refused(Problem.NOT_FOUND, f"There is no recording {media_id}.")
    if media.state != HELD:
        raise Refused(Problem.ILLEGAL_MOVE, f"{media_id} is not held: it is {media.state}.")
    over = media.expires_at is not None and media.expires_at <= now
    return records.move(connection, door, media, EXPIRING if over or media.consent_withdrawn else READY)


def _writer(fields: str) -> str:
    by = orjson.loads(fields)
    return str(by.get("state", by["*"])[2])
