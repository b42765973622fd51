"""What the feed must do, said plainly: a tenant as Python sets, and phones that hold what they were sent.

Nothing here knows numbers, blocks or entries: who sees what follows from the scopes of the records as they stand now.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson

from sync.cursor import Cursor
from tests.sync.server.both_pulls import Page, Row

Key = tuple[str, str]
"""(collection, record id)."""
Said = dict[str, Any]
"""What a record says."""


class DifferenceError(AssertionError):
    """The engine and the model do not agree."""


@dataclass
class Truth:
    """The records as they stand (None once deleted), and who is in which scope."""

    records: dict[Key, Said | None] = field(default_factory=dict)
    members: set[tuple[str, str]] = field(default_factory=set)

    def audience(self, key: Key) -> frozenset[str]:
        """The scopes that a record stands in."""
        record = self.records.get(key)
        if record is None:
            return frozenset()
        if key[0] == "shelves":
            return frozenset(record["scopes"])
        if record["state"] == "secret":
            return frozenset({record["created_by"]})
        return self.audience(("shelves", record["shelf_id"]))

    def seen_by(self, person: str) -> dict[Key, Said]:
        """All that a person sees."""
        hers = {scope for member, scope in self.members if member == person}
        return {
            key: record
            for key, record in self.records.items()
            if record is not None and not hers.isdisjoint(self.audience(key))
        }


@dataclass
class Phone:
    """What one phone holds: rows with their numbers, and its cursor."""

    name: str
    person: str
    collections: tuple[str, ...]
    cursor: Cursor = field(default_factory=Cursor)
    rows: dict[Key, tuple[int, Said]] = field(default_factory=dict)
    born: int | None = None  # how many writes there were when it read its first page

    def check(self, page: Page, limit: int, seen: dict[Key, Said], writes: int) -> None:
        """What must hold of every page, wherever it was cut."""
        if len(page.rows) > limit or (page.more and len(page.rows) < limit):
            raise DifferenceError(f"{len(page.rows)} rows on a page of {limit}, more: {page.more}")
        if page.cursor.seq < self.cursor.seq or (page.more and page.cursor.seq == self.cursor.seq):
            raise DifferenceError(f"the cursor went from {self.cursor.seq} to {page.cursor.seq}")
        for row in page.rows:
            self._check_row(row, seen, first_sync=writes == self.born)

    def _check_row(self, row: Row, seen: dict[Key, Said], *, first_sync: bool) -> None:
        key = (row.collection, row.id)
        if row.visible != (key in seen):
            raise DifferenceError(
                f"{key} came {'visible' if row.visible else 'as a tombstone'}, which it is not"
            )
        if row.visible and said(row) != seen[key]:
            raise DifferenceError(f"{key} came as {row.body}, it is {seen[key]}")
        if not row.visible and (row.body is not None or first_sync):
            raise DifferenceError(
                f"{key} came as a tombstone {'of a first sync' if first_sync else 'with a body'}"
            )

    def take(self, page: Page) -> None:
        """Store a page and its cursor, as one."""
        for row in page.rows:
            self.rows.pop((row.collection, row.id), None)
            if row.visible:
                self.rows[row.collection, row.id] = (row.seq, said(row))
        self.cursor = page.cursor

    def compare(self, seen: dict[Key, Said]) -> None:
        """At the end of the feed the phone holds exactly what its person sees."""
        here = {key: record for key, (_, record) in self.rows.items()}
        there = {key: record for key, record in seen.items() if key[0] in self.collections}
        if here != there:
            missing, left = there.keys() - here.keys(), here.keys() - there.keys()
            old = [key for key in here.keys() & there.keys() if here[key] != there[key]]
            raise DifferenceError(
                f"missing {sorted(missing)}, left over {sorted(left)}, not up to date {sorted(old)}"
            )

    def digest(self, collection: str) -> tuple[int, str]:
        """How many rows of a collection the phone holds, and the xor of their hashes."""
        bits = count = 0
        for (kind, record_id), (seq, _) in self.rows.items():
            if kind == collection:
                count += 1
                bits ^= int.from_bytes(hashlib.sha256(f"{record_id}:{seq}".encode()).digest()[:8])
        return count, f"{bits:016x}"


def said(row: Row) -> Said:
    """What the body of a row says, of the fields that the model knows."""
    body = orjson.loads(row.body or "")
    names = (
        ("label", "scopes") if row.collection == "shelves" else ("title", "shelf_id", "state", "created_by")
    )
    return {name: body[name] for name in names}
