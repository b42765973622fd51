"""Files that arrived without a word: sent whole by a client that says nothing afterwards, or by a phone that died."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from service.database import Database
from service.media import record as records
from service.media import uploads
from service.media.record import COLLECTION, UPLOADED, UPLOADING, Media
from service.media.store import Store
from service.media.uploads import MAX_PUT
from sync.server.push import Door

SILENT = timedelta(minutes=1)
LOOKED_FOR = timedelta(days=1)
"""Longer than any address works to which a file may be sent."""
MOST = 100


def take_in(database: Database, door: Door, store: Store, tenant_id: UUID, now: datetime) -> int:
    """Have those checked whose whole file lies in the store although nobody said so; returns how many."""
    there = [media for media in _waiting(database, door, tenant_id, now) if uploads.is_there(store, media)]
    taken = 0
    for media in there:
        with database.begin(tenant_id) as connection:
            standing = records.read(connection, tenant_id, media.id)
            taken += standing is not None and uploads.take(connection, door, standing) == UPLOADED
    return taken


def _waiting(database: Database, door: Door, tenant_id: UUID, now: datetime) -> list[Media]:
    table = door.kinds[COLLECTION].table.c
    query = select(table.id).where(
        table.tenant_id == tenant_id,
        table.state == UPLOADING,
        table.size_bytes <= MAX_PUT,
        table.updated_at.between(now - LOOKED_FOR, now - SILENT),
    )
    with database.begin(tenant_id) as connection:
        ids = connection.execute(query.order_by(table.updated_at.desc()).limit(MOST)).scalars()
        found = [records.read(connection, tenant_id, media_id) for media_id in ids.all()]
    return [media for media in found if media is not None]
