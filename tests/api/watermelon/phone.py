"""A phone that does as WatermelonDB's `synchronize` does: pull, lay on top, push what is dirty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.builders import Caller

AT = 1_795_000_000_000
"""2026-11-18T11:06:40Z in milliseconds."""
Row = dict[str, Any]
Key = tuple[str, str]


def note(record_id: str = "note-one", **said: Any) -> Row:
    """A note as a phone that made it holds it: every column of its table."""
    blank = dict.fromkeys(("code", "instrument", "at_ms", "until_ms", "at", "state", "created_by"))
    stamps = {"created_at": 0, "updated_at": 0, "_status": "created", "_changed": ""}
    return (
        {"id": record_id, "visit_id": "visit-one", "note_kind": "noticing", "text": "Three."}
        | blank
        | stamps
        | said
    )


@dataclass
class Phone:
    """What one WatermelonDB holds; `dirty` names the columns of its rows that were edited."""

    who: Caller
    rows: dict[Key, Row] = field(default_factory=dict)
    dirty: dict[Key, set[str]] = field(default_factory=dict)
    made: set[Key] = field(default_factory=set)
    deleted: set[Key] = field(default_factory=set)
    at: int | None = None

    def pull(self, *, answered: bool = True, **asked: Any) -> Row:
        """Ask, and lay the answer on top as the library does: edited columns stay."""
        query = {
            "last_pulled_at": "null" if self.at is None else self.at,
            "schema_version": 1,
            "migration": "null",
        }
        answer = self.who.get("/v1/sync/watermelon", query_string=query | asked)
        assert answer.status_code == 200, answer.json
        if answered:
            self._lay(answer.json)
        return dict(answer.json)

    def _lay(self, said: Row) -> None:
        for name, table in said["changes"].items():
            assert table["created"] == []
            ids = [row["id"] for row in table["updated"]] + table["deleted"]
            assert len(ids) == len(set(ids))
            if said.get("experimentalStrategy") == "replacement":
                kept = {(name, record_id) for record_id in ids} | self.made
                self.rows = {key: row for key, row in self.rows.items() if key[0] != name or key in kept}
            for row in table["updated"]:
                mine = self.rows.get((name, row["id"]), {})
                edited = self.dirty.get((name, row["id"]), set())
                self.rows[name, row["id"]] = row | {column: mine[column] for column in edited}
            for record_id in table["deleted"]:
                self._destroy((name, record_id))
        assert said["timestamp"] > 0
        self.at = said["timestamp"]

    def _destroy(self, key: Key) -> None:
        self.rows.pop(key, None)
        self.dirty.pop(key, None)
        self.made.discard(key)
        self.deleted.discard(key)

    def make(self, row: Row, table: str = "notes") -> None:
        self.rows[table, row["id"]] = row
        self.made.add((table, row["id"]))

    def edit(self, record_id: str, table: str = "notes", **said: Any) -> None:
        self.rows[table, record_id] |= said
        self.dirty.setdefault((table, record_id), set()).update(said)

    def delete(self, record_id: str, table: str = "notes") -> None:
        self._destroy((table, record_id))
        self.deleted.add((table, record_id))

    def local(self) -> Row:
        """What it would push."""
        found: Row = {}
        for key in self.made | self.dirty.keys() | self.deleted:
            table = found.setdefault(key[0], {"created": [], "updated": [], "deleted": []})
            if key in self.deleted:
                table["deleted"].append(key[1])
                continue
            status = "created" if key in self.made else "updated"
            marks = {"_status": status, "_changed": ",".join(sorted(self.dirty.get(key, ())))}
            table[status].append(self.rows[key] | marks)
        return {"changes": found}

    def push(self, *, answered: bool = True) -> None:
        if not (self.made or self.dirty or self.deleted):
            return
        answer = self.who.post(f"/v1/sync/watermelon?last_pulled_at={self.at}", self.local())
        assert (answer.status_code, answer.data) == (204, b"")
        if answered:
            self.made, self.dirty, self.deleted = set(), {}, set()

    def rescue(self) -> None:
        """What the snippet of the guide does before each pull."""
        at = "null" if self.at is None else self.at
        if self.made or self.dirty or self.deleted:
            answer = self.who.post(f"/v1/sync/watermelon/rescue?last_pulled_at={at}", self.local())
            assert (answer.status_code, answer.data) == (204, b"")

    def sync(self, *, answered: bool = True, rescue: bool = False, **asked: Any) -> None:
        if rescue:
            self.rescue()
        self.pull(**asked)
        self.push(answered=answered)

    def table(self, name: str) -> dict[str, Row]:
        return {record_id: row for (table, record_id), row in self.rows.items() if table == name}

    def text(self, record_id: str = "note-one") -> Any:
        return self.rows["notes", record_id]["text"]
