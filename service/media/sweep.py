"""Takes away what nobody will come back for, and takes up what was left lying."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, select

from service.database import Database
from service.media import record as records
from service.media.record import (
    ABANDONED,
    COLLECTION,
    HELD,
    OPEN,
    READY,
    UNCHECKED,
    VERIFIED,
    VERIFY,
    WHOLE,
    Media,
    work_later,
)
from service.media.store import Store
from service.media.transcoding import transcode_later
from sync.server.push import Door

ABANDONED_AFTER = timedelta(days=30)
"""A phone may wait so long for good Wi-Fi."""
LEFT_LYING = timedelta(hours=1)
GRACE = timedelta(days=1)
BATCH = 100


def abandon(database: Database, door: Door, store: Store, tenant_id: UUID, now: datetime) -> int:
    """Give up uploads that nothing was heard of for 30 days, a batch at most; returns how many there were.

    The record goes first: of a file that arrives at this moment no byte is lost. What is then left, `tidy` finds.
    """
    with database.begin(tenant_id) as connection:
        found = _older(connection, door, tenant_id, OPEN, now - ABANDONED_AFTER)
    for media_id in found:
        if _gives_up(database, door, tenant_id, media_id):
            store.abort_parts(records.raw_key(tenant_id, media_id))
            store.delete(records.raw_key(tenant_id, media_id))
    return len(found)


def _gives_up(database: Database, door: Door, tenant_id: UUID, media_id: str) -> bool:
    with database.begin(tenant_id) as connection:
        media = records.read(connection, tenant_id, media_id)
        if media is None or media.state not in OPEN:
            return False
        return records.move(connection, door, media, ABANDONED) == ABANDONED


def take_up(connection: Connection, door: Door, tenant_id: UUID, now: datetime) -> int:
    """Have files checked, and made whole, whose job was given up on; returns how many."""
    found = _older(connection, door, tenant_id, UNCHECKED | {READY}, now - LEFT_LYING, unfinished=True)
    for media_id in found:
        media = records.read(connection, tenant_id, media_id)
        if media and (media.state == READY or (media.state == VERIFIED and media.progress)):
            transcode_later(connection, media)
        elif media:
            work_later(connection, VERIFY, media)
    return len(found)


def tidy(database: Database, store: Store, tenant_id: UUID, now: datetime) -> int:
    """Delete objects older than a day that no record stands for (deleted, given up, checked); returns how many."""
    deleted = 0
    for page in store.pages(f"{tenant_id}/"):
        old = [listed.key for listed in page if listed.modified_at < now - GRACE]
        with database.begin(tenant_id) as connection:
            orphans = [key for key in old if not _stands_for(connection, tenant_id, key)]
        store.delete(*orphans)
        deleted += len(orphans)
    _forget_parts(database, store, tenant_id, now)
    return deleted


def _forget_parts(database: Database, store: Store, tenant_id: UUID, now: datetime) -> None:
    """Parts of uploads that no record waits for any more lie where no listing of objects shows them."""
    old = [listed.key for listed in store.uploads(f"{tenant_id}/") if listed.modified_at < now - GRACE]
    with database.begin(tenant_id) as connection:
        unwanted = [key for key in old if not _stands_for(connection, tenant_id, key)]
    for key in unwanted:
        store.abort_parts(key)


def _stands_for(connection: Connection, tenant_id: UUID, key: str) -> bool:
    media_id, _, form = key.removeprefix(f"{tenant_id}/").partition("/")
    media = records.read(connection, tenant_id, media_id)
    if media is None:
        return False
    if media.state == HELD:
        return True  # of what is held everything is kept
    return _is_raw_wanted(media) if form == "raw" else media.state in UNCHECKED | {READY}


def _is_raw_wanted(media: Media) -> bool:
    return media.state in OPEN | UNCHECKED or (media.state == READY and media.progress < WHOLE)


def _older(
    connection: Connection,
    door: Door,
    tenant_id: UUID,
    states: frozenset[str],
    before: datetime,
    *,
    unfinished: bool = False,
) -> list[str]:
    table = door.kinds[COLLECTION].table.c
    query = select(table.id).where(
        table.tenant_id == tenant_id, table.state.in_(sorted(states)), table.updated_at < before
    )
    if unfinished:
        query = query.where(func.coalesce(table.progress, 0) < WHOLE)
    return list(connection.execute(query.order_by(table.updated_at).limit(BATCH)).scalars())
