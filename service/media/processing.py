"""What the worker does with a file that has arrived: check that it is what was declared, and make of it what is shown.

Safe to be stopped at any point and begun anew: what is shown is stored before the record says so, and the file as it
was sent is deleted after. What is made of each sort of file is in a file of its own, one `make` each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

from service.database import Database
from service.logs import logger
from service.media import arrival, photo_renditions, recording_renditions
from service.media import record as records
from service.media.antivirus import Clamd
from service.media.reasons import WITHDRAWN, UnfitError
from service.media.record import QUARANTINED, READY, UNCHECKED, VERIFIED, WHOLE, Media, prefix
from service.media.retention import terms
from service.media.rooms import room
from service.media.store import Store
from service.media.transcoding import transcode_later
from sync.server.push import Door

Make = Callable[[Store, Media, Path], Mapping[str, Any]]
"""Stores what is shown of a file; returns what the record will say of it. With `progress` below 100 the file is kept."""
MAKERS: Mapping[str, Make] = MappingProxyType(
    {
        "image": photo_renditions.make,
        "video": recording_renditions.make,
        "audio": recording_renditions.make,
    }
)
"""By the first word of the media type."""

_log = logger(__name__)


def verify(
    database: Database,
    door: Door,
    store: Store,
    tenant_id: UUID,
    media_id: str,
    scanner: Clamd | None = None,
) -> None:
    """Bring an uploaded file to `ready`, or to `quarantined` with the reason."""
    with database.begin(tenant_id) as connection:
        media = records.read(connection, tenant_id, media_id)
    if media is None:
        store.erase_below(prefix(tenant_id, media_id))
    elif media.state in UNCHECKED:
        _settle(database, door, store, media, scanner)
    elif media.state == QUARANTINED or (media.state == READY and media.progress == WHOLE):
        store.delete(media.raw_key)  # the last thing an earlier run did not come to


def _settle(database: Database, door: Door, store: Store, media: Media, scanner: Clamd | None) -> None:
    state = READY
    try:
        if media.consent_withdrawn:
            raise UnfitError(WITHDRAWN)
        with room(3 * media.size_bytes) as directory:
            fields = _made(store, media, directory / "raw", scanner)
    except UnfitError as fault:
        _log.info("a file was quarantined", media_id=media.id, tenant_id=media.tenant_id)
        state, fields = QUARANTINED, {"reason": fault.reason}
    else:
        # with nothing yet to show it goes on, and is ready when there is
        state = READY if fields.get("renditions") else VERIFIED
        fields = {**terms(media, door.now()), **fields} if state == READY else fields
    with database.begin(media.tenant_id) as connection:
        if records.move(connection, door, media, state, fields) == media.state != state:
            raise RuntimeError("the record did not take what was made of its file")  # which is kept
        if fields.get("progress", WHOLE) < WHOLE:
            transcode_later(connection, media)
    if fields.get("progress", WHOLE) == WHOLE:
        store.delete(media.raw_key)


def _made(store: Store, media: Media, path: Path, scanner: Clamd | None) -> Mapping[str, Any]:
    arrival.fetch(store, media, path)
    _scan(media, path, scanner)
    make = MAKERS.get(media.media_type.partition("/")[0])
    if make is None:
        raise UnfitError("wrong_type")
    return make(store, media, path)


def _scan(media: Media, path: Path, scanner: Clamd | None) -> None:
    """Before any decoder reads it. What was found is for the operator, not for who sent it."""
    found = scanner and scanner.found_in(path)
    if found:
        _log.warning("a file is infected", media_id=media.id, tenant_id=media.tenant_id, signature=found)
        raise UnfitError("infected")
