"""A file that has arrived, fetched from the store and held against what its phone declared."""

from __future__ import annotations

import hashlib
from pathlib import Path

from service.media.reasons import UnfitError
from service.media.record import Media
from service.media.store import AbsentError, Store


def fetch(store: Store, media: Media, path: Path) -> None:
    """Write the file as it was sent to `path`, once its size and checksum are those declared.

    Raises UnfitError: `missing`, `empty`, `wrong_size` or `wrong_checksum`.
    """
    size, checksum = 0, hashlib.sha256()
    try:
        with path.open("wb") as file:
            for piece in store.read(media.raw_key):
                checksum.update(piece)
                file.write(piece)
                size += len(piece)
                if size > media.size_bytes:
                    break
    except AbsentError:
        raise UnfitError("missing") from None
    if not size:
        raise UnfitError("empty")
    if size != media.size_bytes:
        raise UnfitError("wrong_size")
    if checksum.hexdigest() != media.sha256:
        raise UnfitError("wrong_checksum")
