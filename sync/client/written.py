"""What this phone wrote and the server acknowledged: sent once more when a restored backup made the server forget it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from sync.changes import Record
from sync.client.outbox import Outbox, Queued, Standing
from sync.client.replica import Replica
from sync.client.store import Store

Writable = Mapping[str, Collection[str]]
"""The collections that a phone may write, and which of their fields."""


@dataclass(frozen=True, slots=True)
class _Entry:
    collection: str
    id: str
    deleted: bool
    fields: frozenset[str]


class Written:
    """Which fields of which records this phone wrote. Callers hold the transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, change: Queued) -> None:
        """An acknowledged change."""
        row = self._store.one(
            "SELECT fields FROM written WHERE collection = ? AND id = ?", change.collection, change.id
        )
        names = sorted({*(orjson.loads(row[0]) if row else ()), *change.fields})
        self._store.run(
            "INSERT OR REPLACE INTO written VALUES (?, ?, ?, ?)",
            change.collection,
            change.id,
            change.deleted,
            orjson.dumps(names),
        )

    def prune(self) -> None:
        """Forget records that left this phone; its own deletions stay known."""
        self._store.run(
            """DELETE FROM written WHERE NOT deleted AND NOT EXISTS (
                 SELECT 1 FROM records r WHERE r.collection = written.collection AND r.id = written.id AND NOT r.deleted)"""
        )

    def send_again(self, replica: Replica, outbox: Outbox, person_id: str, writable: Writable) -> None:
        """Queue it all, without base: where the server still has it, equal values are no change.

        Records that this person made go whole, so that they can be made anew; of others' only the fields written here.
        A state goes only where this phone moved it: what others moved comes back from them.
        """
        for entry in self._entries():
            if entry.deleted and entry.collection in writable and not outbox.of(entry.collection, entry.id):
                outbox.write(entry.collection, entry.id, None, {}, deleted=True)
        wrote = {(entry.collection, entry.id): entry.fields for entry in self._entries() if not entry.deleted}
        for collection, names in writable.items():
            for record_id, record in replica.records(collection).items():
                mine = set(wrote.get((collection, record_id), ()))
                if record.get("created_by") == person_id:
                    mine |= set(names) - {"state"}
                _join(
                    outbox,
                    collection,
                    record_id,
                    {name: record[name] for name in sorted(mine & set(names)) if name in record},
                )

    def _entries(self) -> list[_Entry]:
        rows = self._store.all("SELECT collection, id, deleted, fields FROM written ORDER BY collection, id")
        return [
            _Entry(collection, record_id, bool(deleted), frozenset(orjson.loads(fields)))
            for collection, record_id, deleted, fields in rows
        ]


def _join(outbox: Outbox, collection: str, record_id: str, fields: Record) -> None:
    """Queue fields beneath what is typed: what waits, sent or unsent, says more than what was held before it."""
    queued = outbox.of(collection, record_id)
    said = {name for change in queued for name in change.fields}
    fields = {name: value for name, value in fields.items() if name not in said}
    if not fields or any(change.deleted for change in queued):
        return
    unsent = next((change for change in queued if change.standing is Standing.TO_SEND), None)
    if unsent is None:
        outbox.write(collection, record_id, None, fields)
    else:
        outbox.amend(replace(unsent, fields={**fields, **unsent.fields}))


def writable(schema: Mapping[str, Any]) -> Writable:
    """The collections and fields that /v1/sync/schema/native says a phone may write."""
    kinds = {name: kind for name, kind in schema["collections"].items() if not kind.get("read_only")}
    return {
        name: [
            field
            for field, words in kind["fields"].items()
            if field != "id" and not words.get("server_owned")
        ]
        for name, kind in kinds.items()
    }
