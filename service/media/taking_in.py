"""Files that arrived without a word: sent whole by a client that says nothing afterwards, or by a phone that died."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from service.database import Database
from service.media import record as records
from service.media.record import COLLECTION, OPEN, UPLOADED, UPLOADING
from service.media.store import AbsentError, Store
from service.media.uploads import MAX_PUT, verify_later
from sync.server.push import Door

SILENT = timedelta(minutes=1)
LOOKED_FOR = timedelta(days=1)
"""Longer than any address works to which a file may be sent."""
MOST = 100


def take_in(database: Database, door: Door, store: Store, tenant_id: UUID, now: datetime) -> int:
    """Have those checked whose whole file lies in the store although nobody said so; returns how many."""
    taken = 0
    for media_id, size_bytes in _waiting(database, door, tenant_id, now):
        if _size(store, records.raw_key(tenant_id, media_id)) == size_bytes:
            taken += _take(database, door, tenant_id, media_id)
    return taken


def _waiting(database: Database, door: Door, tenant_id: UUID, now: datetime) -> list[tuple[str, int]]:
    table = door.kinds[COLLECTION].table.c
    query = select(table.id, table.size_bytes).where(
        table.tenant_id == tenant_id,
        table.state == UPLOADING,
        table.size_bytes <= MAX_PUT,
        table.updated_at.between(now - LOOKED_FOR, now - SILENT),
    )
    with database.begin(tenant_id) as connection:
        rows = connection.execute(query.order_by(table.updated_at.desc()).limit(MOST))
        return [(row.id, row.size_bytes) for row in rows]


def _size(store: Store, key: str) -> int | None:
    try:
        return store.size(key)
    except AbsentError:
        return None


def _take(database: Database, door: Door, tenant_id: UUID, media_id: str) -> bool:
    with database.begin(tenant_id) as connection:
        media = records.read(connection, tenant_id, media_id)
        if media is None or media.state not in OPEN:
            return False
        if records.move(connection, door, media, UPLOADED) == UPLOADED:
            verify_later(connection, media)
        return True
