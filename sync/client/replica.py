"""What the server said last, record by record, and how far it was read. Nothing typed here ever enters before its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import orjson

from sync.changes import Record
from sync.client.store import Store


class Doubt(IntEnum):
    """How sure it is that the server still shows a record to this person. A pull that ends drops what it left in doubt."""

    NONE = 0  # a pull brought it
    UNCONFIRMED = (
        1  # the answer to a change brought it; the next pull confirms it, or this person may not see it
    )
    OLD = 2  # read before a reset: its number means nothing any more


@dataclass(frozen=True, slots=True)
class Stored:
    """One record as the server told it: `record` is None once it is deleted or out of sight."""

    seq: int
    record: Record | None
    doubt: Doubt = Doubt.NONE

    @property
    def base_seq(self) -> int | None:
        """The number that the next edit of this record is typed on."""
        return None if self.doubt is Doubt.OLD or self.record is None else self.seq


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a pull: a record, or None where it is deleted or out of this person's sight."""

    collection: str
    id: str
    seq: int
    record: Record | None


class Replica:
    """The server's truth in one person's store. Callers hold the transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, collection: str, record_id: str) -> Stored | None:
        """The record as the server told it; None when it never did."""
        row = self._store.one(
            "SELECT seq, body, doubt FROM records WHERE collection = ? AND id = ?", collection, record_id
        )
        return _stored(*row) if row else None

    def records(self, collection: str) -> dict[str, Record]:
        """Every live record of a collection by id."""
        rows = self._store.all(
            "SELECT id, body FROM records WHERE collection = ? AND NOT deleted ORDER BY id", collection
        )
        return {record_id: orjson.loads(body) for record_id, body in rows}

    def counts(self) -> dict[str, int]:
        """How many live records each collection holds."""
        return dict(
            self._store.all(
                "SELECT collection, count(*) FROM records WHERE NOT deleted GROUP BY collection ORDER BY collection"
            )
        )

    def adopt(self, collection: str, record_id: str, seq: int, record: Mapping[str, Any] | None) -> None:
        """Take the answer to a change, unless something newer is here.

        Over a tombstone nothing is adopted: a repeated old answer would bring a deleted record back, and what is truly
        alive comes with the next pull.
        """
        self._store.run(
            """INSERT INTO records VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (collection, id) DO UPDATE
               SET seq = excluded.seq, deleted = excluded.deleted, body = excluded.body, doubt = excluded.doubt
               WHERE NOT deleted AND excluded.seq > seq""",
            *(collection, record_id, seq, record is None, _body(record), Doubt.UNCONFIRMED),
        )

    def bury(self) -> None:
        """Forget tombstones of which nothing is queued any more."""
        self._store.run(
            "DELETE FROM records WHERE deleted AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.collection = records.collection AND o.id = records.id)"
        )

    @property
    def cursor(self) -> str | None:
        """Where the server was read to; None before the first page, and after a reset."""
        return self._store.setting("cursor")

    def take_page(self, rows: Sequence[Row], cursor: str, more: bool) -> bool:
        """One page of a pull, and where it ends. The last page drops what is in doubt: the server did not bring it.

        Tells whether any record left this phone.
        """
        self._store.run_many(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)",
            [
                (row.collection, row.id, row.seq, row.record is None, _body(row.record), Doubt.NONE)
                for row in rows
            ],
        )
        dropped = 0 if more else self._drop_the_doubtful()
        self._store.set("cursor", cursor)
        self.bury()
        return bool(dropped) or any(row.record is None for row in rows)

    def _drop_the_doubtful(self) -> int:
        return self._store.run("UPDATE records SET deleted = 1, body = NULL, doubt = 0 WHERE doubt")

    def begin_again(self) -> None:
        """Read from the start at the next pull; until that ends everything here is shown, and in doubt."""
        self._store.set("cursor", None)
        self._store.run("UPDATE records SET doubt = ?", Doubt.OLD)

    def digest(self, collection: str) -> tuple[int, str]:
        """(count, 16 hex digits): the xor of the first 8 bytes of sha256("id:seq") over the live records."""
        rows = self._store.all("SELECT id, seq FROM records WHERE collection = ? AND NOT deleted", collection)
        return len(rows), f"{_xor(f'{record_id}:{seq}' for record_id, seq in rows):016x}"


def _xor(texts: Iterable[str]) -> int:
    sum_ = 0
    for text in texts:
        sum_ ^= int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return sum_


def _body(record: Mapping[str, Any] | None) -> bytes | None:
    return None if record is None else orjson.dumps(record)


def _stored(seq: int, body: bytes | None, doubt: int) -> Stored:
    return Stored(seq, None if body is None else orjson.loads(body), Doubt(doubt))
