"""Directories for what is made of recordings: each is gone with its use, or with the next one if its worker was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "comewatch-media-"
_YOUNG_S = 60.0
"""One so young may be held in a moment by whoever just made it."""
SPARE = 1 << 30


@contextmanager
def room(size: int) -> Iterator[Path]:
    """A directory with place for `size` bytes. Raises OSError when the disk has none: another time there may be."""
    clear()
    where = tempfile.gettempdir()
    if shutil.disk_usage(where).free < size + SPARE:
        raise OSError(f"there is no room on the disk for {size} bytes of a recording")
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=where))
    held = _hold(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if held is not None:
            os.close(held)


def clear() -> None:
    """Remove the rooms of workers that were killed: nobody holds them."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < _YOUNG_S:
                continue
            held = _hold(path)
            if held is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(held)


def _hold(path: Path) -> int | None:
    """A lock that ends with this process, by its number; None when another holds it."""
    number = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(number)
        return None
    return number
