"""One SQLite file per person: every step is one transaction, so that a crash leaves nothing half.

WAL lets a screen read while a sync writes; `synchronous=FULL` makes "saved here" true even when the battery dies.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sync.client.errors import CannotWrite, ClientError

VERSIONS: Sequence[Sequence[str]] = (
    (
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
        # what the server said last; a deleted row stays only while changes of it are queued. doubt: see replica.Doubt
        """CREATE TABLE records (
            collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, deleted INTEGER NOT NULL, body BLOB,
            doubt INTEGER NOT NULL, PRIMARY KEY (collection, id)) WITHOUT ROWID""",
        "CREATE INDEX records_doubt ON records (doubt) WHERE doubt",
        "CREATE INDEX records_deleted ON records (deleted) WHERE deleted",
        # what was typed, until the server answers; at most one of a record is unsent and one on its way
        """CREATE TABLE outbox (
            number INTEGER PRIMARY KEY AUTOINCREMENT, op_id TEXT NOT NULL UNIQUE, collection TEXT NOT NULL, id TEXT NOT NULL,
            base_seq INTEGER, fields BLOB NOT NULL, deleted INTEGER NOT NULL,
            standing TEXT NOT NULL CHECK (standing IN ('to_send', 'sent', 'held')))""",
        "CREATE INDEX outbox_record ON outbox (collection, id, number)",
        "CREATE UNIQUE INDEX outbox_unsent ON outbox (collection, id) WHERE standing = 'to_send'",
        "CREATE UNIQUE INDEX outbox_under_way ON outbox (collection, id) WHERE standing <> 'to_send'",
        """CREATE TABLE refused (
            op_id TEXT PRIMARY KEY, collection TEXT NOT NULL, id TEXT NOT NULL, fields BLOB NOT NULL, deleted INTEGER NOT NULL,
            problem BLOB NOT NULL, at TEXT NOT NULL)""",
        # fields that this phone wrote and the server acknowledged: sent again when the server lost them (restored backup)
        """CREATE TABLE written (
            collection TEXT NOT NULL, id TEXT NOT NULL, deleted INTEGER NOT NULL, fields BLOB NOT NULL,
            PRIMARY KEY (collection, id)) WITHOUT ROWID""",
    ),
    (
        # files to send: where each lies and what it was when it was attached; sent is how many bytes have arrived.
        # begun: the server was asked where to send it. complete: told that all was sent. stopped: it is not tried again
        """CREATE TABLE uploads (
            number INTEGER PRIMARY KEY AUTOINCREMENT, media_id TEXT NOT NULL UNIQUE, path TEXT NOT NULL, size INTEGER NOT NULL,
            modified_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0, begun INTEGER NOT NULL DEFAULT 0,
            complete INTEGER NOT NULL DEFAULT 0, stopped INTEGER NOT NULL DEFAULT 0, reason TEXT, detail TEXT)""",
    ),
)
"""The statements that lead from each version of the schema to the next; never edited once released, only added to."""


class Store:
    """A person's database file, made or brought up to date when it is opened. Each thread opens its own."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        with self.transaction():
            self._upgrade()

    def _upgrade(self) -> None:
        (version,) = self.one("PRAGMA user_version") or (0,)
        if version > len(VERSIONS):
            raise ClientError(
                f"{self.path.name} was written by a newer version of this client: install that one."
            )
        for statements in VERSIONS[version:]:
            for statement in statements:
                self.run(statement)
        self.run(f"PRAGMA user_version = {len(VERSIONS)}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing; on disk when the block is left. CannotWrite when the disk is full or the file broken."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as fault:
            raise CannotWrite(f"This device could not save it: {fault}.") from fault
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read in the block is of one moment, whatever another process writes meanwhile."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def run(self, statement: str, *values: Any) -> int:
        """One statement; how many rows it touched."""
        return self._connection.execute(statement, values).rowcount

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """One statement for each row of values."""
        self._connection.executemany(statement, rows)

    def one(self, statement: str, *values: Any) -> Any:
        """The first row, or None."""
        return self._connection.execute(statement, values).fetchone()

    def all(self, statement: str, *values: Any) -> list[Any]:
        """Every row."""
        return self._connection.execute(statement, values).fetchall()

    def setting(self, name: str) -> str | None:
        """A setting by name; None when it was never set."""
        row = self.one("SELECT value FROM setting WHERE name = ?", name)
        return row[0] if row else None

    def set(self, name: str, value: str | None) -> None:
        """Keep a setting, or forget it with None."""
        if value is None:
            self.run("DELETE FROM setting WHERE name = ?", name)
        else:
            self.run(
                "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                name,
                value,
            )

    def close(self) -> None:
        """Close the file; its write-ahead log is folded in."""
        self._connection.close()

    def erase(self) -> None:
        """Close and delete the file with everything in it."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
