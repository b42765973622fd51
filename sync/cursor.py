"""Where a reader has read to. Opaque on the wire, so that its inside may change without breaking a phone."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Cursor:
    """`seq`: read up to this number of the tenant's clock. `boot`: the clock when this reader was born empty.

    `epoch`: which life of the server the numbers belong to. `about`: a digest of the collections that were read, since
    the same number means something else for another set of them. `seq` 0 is the cursor of an empty reader.
    """

    seq: int = 0
    boot: int = 0
    epoch: int = 0
    about: str = ""

    def at(self, seq: int) -> Cursor:
        """The same reader, further on."""
        return replace(self, seq=seq)

    def encode(self) -> str:
        """The text that a client stores and sends back."""
        inside = ":".join((_VERSION, str(self.seq), str(self.boot), str(self.epoch), self.about))
        return base64.urlsafe_b64encode(inside.encode()).decode().rstrip("=")


def about(collections: Iterable[str]) -> str:
    """A short digest of a set of collections."""
    return hashlib.sha256(" ".join(sorted(set(collections))).encode()).hexdigest()[:12]


def decode(text: str) -> Cursor:
    """The cursor that `encode` wrote; ValueError for anything else.

    >>> decode(Cursor(7, 3, 1, "ab").encode())
    Cursor(seq=7, boot=3, epoch=1, about='ab')
    """
    try:
        inside = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
        version, *numbers, digest = inside.split(":")
        seq, boot, epoch = (_number(part) for part in numbers)
    except (binascii.Error, UnicodeError, ValueError) as fault:
        raise ValueError("not a cursor of ours") from fault
    if version != _VERSION:
        raise ValueError("a cursor of another version")
    return Cursor(seq, boot, epoch, digest)


def _number(part: str) -> int:
    if not (part.isascii() and part.isdigit() and len(part) <= 18):
        raise ValueError("not a number of the clock")
    return int(part)
