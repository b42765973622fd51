"""One at a time across processes: a lock that SQLite keeps and the operating system lets go of when its holder dies."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sync.client.errors import ClientError


@contextmanager
def alone(path: Path, wait: float, doing: str = "syncing these records") -> Iterator[None]:
    """Hold the lock named by a file for the length of the block; ClientError after `wait` seconds in vain."""
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path, timeout=wait, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise ClientError(f"Another program is {doing} right now.") from None
        yield
