"""Cuts clips: pieces of recordings that somebody keeps on purpose. Nobody sends them; they are made of what is played.

A clip waits until its recording is ready, and is given up when that will never be. Safe to be stopped at any point and
begun anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select

from service import jobs
from service.database import Database
from service.media import record as records
from service.media import recording_renditions
from service.media.reasons import UnfitError
from service.media.record import (
    ABANDONED,
    COLLECTION,
    CUT,
    DECLARED,
    HELD,
    OPEN,
    QUARANTINED,
    READY,
    UNCHECKED,
    Media,
    prefix,
    work_later,
)
from service.media.recordings.formats import BLURRED, ORIGINAL, P360, P720, SOUND_ONLY
from service.media.retention import terms
from service.media.rooms import room
from service.media.store import AbsentError, Store
from service.media.transcoding import transcode_later
from sync.server.push import Door

SOURCE_GONE, OUTSIDE = "source_gone", "outside"
BATCH = 100
_BEST = (ORIGINAL, BLURRED, P720, P360, SOUND_ONLY)
_STILL_COMING = OPEN | UNCHECKED | {HELD}
"""States of a recording in which its clips wait."""


def take_up(connection: Connection, door: Door, tenant_id: UUID) -> int:
    """Have clips cut whose recording is ready, and give up those that will never be cut; returns how many were met."""
    found = _due(connection, door, tenant_id)
    for clip_id, source_state in found:
        clip = records.read(connection, tenant_id, clip_id)
        if clip is None:
            continue
        if source_state == READY:
            work_later(connection, CUT, clip, jobs.LONG)
        else:
            records.move(connection, door, clip, ABANDONED, {"reason": SOURCE_GONE})
    return len(found)


def cut(database: Database, door: Door, store: Store, tenant_id: UUID, clip_id: str) -> None:
    """Cut a clip and show it; nothing when it is not wanted (any more), or its recording is not ready (now)."""
    with database.begin(tenant_id) as connection:
        wanted = _wanted(connection, tenant_id, clip_id)
        gone = records.read(connection, tenant_id, clip_id) is None
    if gone:
        store.erase_below(prefix(tenant_id, clip_id))
    if wanted is None:
        return
    try:
        state, fields = READY, _made(store, *wanted)
    except UnfitError as fault:
        state, fields = QUARANTINED, {"reason": fault.reason}
    except AbsentError:
        return  # the recording went while it was read: what becomes of its clips is said elsewhere
    with database.begin(tenant_id) as connection:
        wanted = _wanted(connection, tenant_id, clip_id)
        told = wanted is not None and _told(connection, door, *wanted, state, fields)
    if not told:
        store.erase_below(prefix(tenant_id, clip_id))


def _due(connection: Connection, door: Door, tenant_id: UUID) -> list[tuple[str, str | None]]:
    """The clips that are to be cut or given up, by the state of their recording; those that wait are left out."""
    clip = door.kinds[COLLECTION].table.alias("clip").c
    source = door.kinds[COLLECTION].table.alias("source")
    its = and_(source.c.tenant_id == clip.tenant_id, source.c.id == clip.clip_of)
    query = (
        select(clip.id, source.c.state)
        .select_from(clip.id.table.outerjoin(source, its))
        .where(clip.tenant_id == tenant_id, clip.state == DECLARED, clip.clip_of.is_not(None))
        .where(or_(source.c.state.is_(None), source.c.state.not_in(sorted(_STILL_COMING))))
        .order_by(clip.created_at, clip.id)
        .limit(BATCH)
    )
    return [(row.id, row.state) for row in connection.execute(query)]


def _wanted(connection: Connection, tenant_id: UUID, clip_id: str) -> tuple[Media, Media] | None:
    """The clip and its recording, when the one waits to be cut and the other may be seen."""
    clip = records.read(connection, tenant_id, clip_id)
    if clip is None or clip.state != DECLARED or clip.consent_withdrawn or clip.clip_of is None:
        return None
    source = records.read(connection, tenant_id, clip.clip_of)
    if source is None or source.state != READY or source.consent_withdrawn:
        return None
    return clip, source


def _made(store: Store, clip: Media, source: Media) -> Mapping[str, Any]:
    until_ms = min(clip.until_ms, source.duration_ms)
    best = next((name for name in _BEST if name in source.renditions), None)
    if best is None or until_ms <= clip.from_ms:
        raise UnfitError(OUTSIDE)
    size = store.size(source.key(best))
    with room(2 * size) as directory:
        path = directory / "source"
        store.fetch(source.key(best), path)
        return recording_renditions.cut(store, clip, path, clip.from_ms, until_ms)


def _told(
    connection: Connection, door: Door, clip: Media, source: Media, state: str, fields: Mapping[str, Any]
) -> bool:
    """Say what became of it, with what only now is known of its recording; False when it was given up meanwhile."""
    known = {"consent_basis": source.consent_basis, "media_type": source.media_type}
    ready = terms(clip, door.now()) if state == READY else {}
    told = records.move(connection, door, clip, state, {**fields, **ready, **known}) == state
    if told and state == READY:
        transcode_later(connection, clip)
    return told
