"""What the worker does with a file that has arrived: check that it is what was declared, and make the photo of it.

Safe to be stopped at any point and begun anew: the photo is stored before the record says so, and the file as it was
sent is deleted after.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from service.database import Database
from service.logs import logger
from service.media import record as records
from service.media.photos import UnfitError, clean_apart
from service.media.record import QUARANTINED, READY, UNCHECKED, Media, photo_key, raw_key
from service.media.store import AbsentError, Store
from sync.server.push import Door

_log = logger(__name__)


def verify(database: Database, door: Door, store: Store, tenant_id: UUID, media_id: str) -> None:
    """Bring an uploaded file to `ready`, or to `quarantined` with the reason."""
    with database.begin(tenant_id) as connection:
        media = records.read(connection, tenant_id, media_id)
    if media is None:
        store.delete(raw_key(tenant_id, media_id), photo_key(tenant_id, media_id))
    elif media.state in UNCHECKED:
        _settle(database, door, store, media)
    elif media.state in (READY, QUARANTINED):
        store.delete(media.raw_key)  # the last thing an earlier run did not come to


def _settle(database: Database, door: Door, store: Store, media: Media) -> None:
    reason = None
    try:
        photo = clean_apart(_fetched(store, media), media.media_type)
    except UnfitError as fault:
        _log.info("a file was quarantined", media_id=media.id, tenant_id=media.tenant_id)
        reason = fault.reason
    else:
        store.put(media.photo_key, photo, media.media_type)
    with database.begin(media.tenant_id) as connection:
        records.move(connection, door, media, QUARANTINED if reason else READY, reason)
    store.delete(media.raw_key)


def _fetched(store: Store, media: Media) -> bytes:
    """The file as it was sent, once its size and checksum are those declared. Raises UnfitError."""
    content, checksum = bytearray(), hashlib.sha256()
    try:
        for piece in store.read(media.raw_key):
            checksum.update(piece)
            content += piece
            if len(content) > media.size_bytes:
                break
    except AbsentError:
        raise UnfitError("missing") from None
    if not content:
        raise UnfitError("empty")
    if len(content) != media.size_bytes:
        raise UnfitError("wrong_size")
    if checksum.hexdigest() != media.sha256:
        raise UnfitError("wrong_checksum")
    return bytes(content)
