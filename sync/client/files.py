"""A file that is to be sent, as it lies on this phone. Read in small pieces: a recording is larger than a phone's memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sync.client.errors import CannotWrite

MIB = 1 << 20
PIECE = MIB // 4
MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".m4a": "audio/mp4",
}
"""What a file's name says of it; the server looks at the file itself."""


class FileChanged(Exception):
    """The file is not any more what it was when it was attached; `reason` is file-missing or file-changed."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class LocalFile:
    """Where a file lies, and what it was when it was attached."""

    path: Path
    size: int
    modified_ns: int
    sha256: str

    def demand_unchanged(self) -> None:
        """FileChanged unless it is there and was not written since. A new date alone is forgiven: the bytes are read again."""
        try:
            found = self.path.stat()
            if (found.st_size, found.st_mtime_ns) == (self.size, self.modified_ns):
                return
            same = found.st_size == self.size and checksum(self.pieces()) == self.sha256
        except OSError as fault:
            told = f"{self.path} cannot be read ({fault.strerror}): put it back, and it is sent."
            raise FileChanged("file-missing", told) from None
        if not same:
            told = f"{self.path} was changed since it was attached: attach it anew."
            raise FileChanged("file-changed", told)

    def pieces(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `start`, to the end or `length` of them."""
        left = self.size - start if length is None else length
        with self.path.open("rb") as file:
            file.seek(start)
            while left > 0 and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece


def checksum(pieces: Iterable[bytes], algorithm: str = "sha256") -> str:
    """SHA-256, or what else S3 wants to check bytes by, in hexadecimal digits."""
    sum_ = hashlib.new(algorithm, usedforsecurity=False)
    for piece in pieces:
        sum_.update(piece)
    return sum_.hexdigest()


def look_at(path: Path) -> LocalFile:
    """The file as it is now, read once from beginning to end; CannotWrite when it is none, empty, or written meanwhile."""
    path = path.absolute()
    try:
        before = path.stat()
        if not path.is_file() or not before.st_size:
            raise CannotWrite(f"{path} is empty or no file: choose a photo, a video or a sound recording.")
        file = LocalFile(path, before.st_size, before.st_mtime_ns, "")
        file = LocalFile(path, file.size, file.modified_ns, checksum(file.pieces()))
        after = path.stat()
    except OSError as fault:
        raise CannotWrite(f"{path} cannot be read: {fault.strerror}.") from None
    if (after.st_size, after.st_mtime_ns) != (file.size, file.modified_ns):
        raise CannotWrite(f"{path} is being written: attach it when that is done.")
    return file


def media_type(path: Path) -> str:
    """What the file's name says of its type; CannotWrite when it says nothing that is known here."""
    try:
        return MEDIA_TYPES[path.suffix.lower()]
    except KeyError:
        raise CannotWrite(
            f"{path.name} has none of the endings {' '.join(MEDIA_TYPES)}: give media_type."
        ) from None
