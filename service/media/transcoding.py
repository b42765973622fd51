"""What the worker makes of a recording after it can be played: everything that takes long, and what it tells meanwhile.

Safe to be stopped at any point and begun anew. It ends early when nobody may see the recording any more.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from service import jobs
from service.database import Database
from service.logs import logger
from service.media import arrival
from service.media import record as records
from service.media.reasons import UnfitError
from service.media.record import (
    DELETED,
    EXPIRING,
    QUARANTINED,
    READY,
    TRANSCODE,
    VERIFIED,
    WHOLE,
    Media,
    work_later,
)
from service.media.recording_renditions import PLAYABLE, store_made
from service.media.recordings import apart
from service.media.recordings.formats import BLURRED, MAX_SECONDS, ORIGINAL
from service.media.retention import terms
from service.media.rooms import room
from service.media.store import AbsentError, Store
from sync.server.push import Door

LOOK_EVERY_S = 5.0
STEPS = (25, 50, 75)
"""Percentages at which the record says how far it is: a phone may pull each of them over a slow network."""
_GOING = frozenset({READY, VERIFIED, EXPIRING, DELETED})
"""States of which nothing need be kept once the recording is not wanted: not of one that is held, or put away."""
_SPARE = 1 << 30
_log = logger(__name__)


class UnwantedError(Exception):
    """Nothing is to be made of this recording any more, or not now."""


def transcode_later(connection: Connection, media: Media) -> None:
    """Have the worker make the rest of this recording."""
    work_later(connection, TRANSCODE, media, jobs.LONG)


def transcode(database: Database, door: Door, store: Store, tenant_id: UUID, media_id: str) -> None:
    """Make the rest of a recording, and bring its progress to 100."""
    work = _Work(database, door, store, tenant_id, media_id)
    try:
        media = work.demand_wanted()
        if media.progress != WHOLE:
            work.do(media)
            work.demand_wanted()
        store.delete(media.raw_key)
    except UnwantedError:
        work.clear()


class _Work:
    """One recording while the rest of it is made."""

    def __init__(self, database: Database, door: Door, store: Store, tenant_id: UUID, media_id: str) -> None:
        self.database, self.door, self.store = database, door, store
        self.tenant_id, self.media_id = tenant_id, media_id
        self.looked_at = time.monotonic()
        self.steps = list(STEPS)

    def demand_wanted(self) -> Media:
        """The recording as it now stands. Raises UnwantedError."""
        with self.database.begin(self.tenant_id) as connection:
            return self._wanted(connection)

    def do(self, media: Media) -> None:
        """Make it all, and say so."""
        fields: dict[str, Any] = {"progress": WHOLE}
        try:
            with room(4 * max(media.size_bytes, _SPARE // 4)) as directory:
                fields |= self._made(media, directory)
        except UnfitError as fault:
            _log.info("a recording could not be made smaller", media_id=media.id, tenant_id=media.tenant_id)
            fields["reason"] = fault.reason
            state = READY if media.state == READY else QUARANTINED
        else:
            state = READY
        with self.database.begin(self.tenant_id) as connection:
            media = self._wanted(connection)
            if media.state == state:
                records.tell(connection, self.door, self.tenant_id, self.media_id, fields)
            else:
                ready = terms(media, self.door.now()) if state == READY else {}
                records.move(connection, self.door, media, state, {**fields, **ready})

    def clear(self) -> None:
        """Take away what was made of a recording that nobody may see; one that is held stays as it is."""
        with self.database.begin(self.tenant_id) as connection:
            media = records.read(connection, self.tenant_id, self.media_id)
        if media is None or media.state == QUARANTINED or (media.consent_withdrawn and media.state in _GOING):
            self.store.erase_below(records.prefix(self.tenant_id, self.media_id))

    def watch(self, percent: int) -> None:
        """Say how far it is, and stop when it is not wanted, or not here."""
        jobs.demand_running()
        if time.monotonic() - self.looked_at > LOOK_EVERY_S:
            self.looked_at = time.monotonic()
            self.demand_wanted()
        if self.steps and percent >= self.steps[0]:
            while self.steps and percent >= self.steps[0]:
                self.steps.pop(0)
            told = PLAYABLE + percent * (WHOLE - PLAYABLE) // 100
            with self.database.begin(self.tenant_id) as connection:
                records.tell(connection, self.door, self.tenant_id, self.media_id, {"progress": told})

    def _made(self, media: Media, directory: Path) -> dict[str, Any]:
        """Store everything that is still to be made; returns what the record will say of it."""
        source = directory / "source"
        self._fetch(media, source)
        if media.state == READY:
            made = self._apart("transcode", source, media, duration_ms=media.duration_ms)
            return {"renditions": [*media.renditions, *made["renditions"]]}
        blurred = self._apart("blur", source, media)
        source.unlink()
        (directory / BLURRED).rename(source)
        made = self._apart("transcode", source, media, duration_ms=blurred["duration_ms"])
        return blurred | made | {"renditions": blurred["renditions"] + made["renditions"]}

    def _apart(self, step: str, source: Path, media: Media, **arguments: Any) -> dict[str, Any]:
        seconds = media.duration_ms // 1000 or MAX_SECONDS
        limits = apart.Limits(600 + 20 * seconds, 2 * source.stat().st_size + _SPARE, last=True)
        made = apart.run(step, source, limits, self.watch, media_type=media.media_type, **arguments)
        store_made(self.store, media, source.parent, made["renditions"])
        return made

    def _fetch(self, media: Media, source: Path) -> None:
        """The file as it was sent; of a clip, which nobody sent, what is played."""
        try:
            self.store.size(media.raw_key)
        except AbsentError:
            self.store.fetch(media.key(ORIGINAL), source)
        else:
            arrival.fetch(self.store, media, source)

    def _wanted(self, connection: Connection) -> Media:
        media = records.read(connection, self.tenant_id, self.media_id)
        if media is None or media.state not in (READY, VERIFIED) or media.consent_withdrawn:
            raise UnwantedError
        return media
