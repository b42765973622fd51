"""What was typed and is not answered yet. A change leaves here only with an answer; a refused one moves to `refused`.

Of one record at most one change is unsent, and further typing goes into it; at most one is on its way, and it never
changes again, so that what is sent under an op_id is always the same. The next one waits for its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from sync.client.store import Store


class Standing(StrEnum):
    """Where a change is."""

    TO_SEND = "to_send"  # saved here, never sent: further typing joins it
    SENT = "sent"  # sent at least once, no answer yet: frozen
    HELD = "held"  # the server keeps it until the record that it belongs to arrives


@dataclass(frozen=True, slots=True)
class Queued:
    """One change in the outbox; `base_seq` is the number of the record that its writer saw, None for a new record."""

    number: int
    op_id: str
    collection: str
    id: str
    base_seq: int | None
    fields: Mapping[str, Any]
    deleted: bool
    standing: Standing

    def document(self) -> dict[str, Any]:
        """The change as the wire carries it."""
        said = {"op_id": self.op_id, "collection": self.collection, "id": self.id, "base_seq": self.base_seq}
        return said | ({"deleted": True} if self.deleted else {"fields": dict(self.fields)})


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """A change that the server did not take: what was typed, why not (a problem document), and when this was learnt."""

    op_id: str
    collection: str
    id: str
    fields: Mapping[str, Any]
    deleted: bool
    problem: Mapping[str, Any]
    at: str

    @property
    def slug(self) -> str:
        """The reason as a word that a program can switch on."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


_SELECT = "SELECT number, op_id, collection, id, base_seq, fields, deleted, standing FROM outbox o "
_FIRST_OF_RECORD = "NOT EXISTS (SELECT 1 FROM outbox p WHERE p.collection = o.collection AND p.id = o.id AND p.number < o.number)"


class Outbox:
    """The queue in one person's store. Callers hold the transaction."""

    def __init__(self, store: Store, new_id: Callable[[], str]) -> None:
        self._store = store
        self._new_id = new_id

    def of(self, collection: str, record_id: str) -> list[Queued]:
        """The changes of one record, in the order in which they were typed."""
        return self._select("WHERE collection = ? AND id = ? ORDER BY number", collection, record_id)

    def of_collection(self, collection: str) -> list[Queued]:
        """The changes of a collection, in the order in which they were typed."""
        return self._select("WHERE collection = ? ORDER BY number", collection)

    def all(self) -> list[Queued]:
        """Every change, in the order in which they were typed."""
        return self._select("ORDER BY number")

    def find(self, op_id: str) -> Queued | None:
        """One change by its op_id."""
        return next(iter(self._select("WHERE op_id = ?", op_id)), None)

    def count(self) -> int:
        """How many changes are not answered."""
        return int(self._store.one("SELECT count(*) FROM outbox")[0])

    def _select(self, where: str, *values: Any) -> list[Queued]:
        return [_queued(row) for row in self._store.all(_SELECT + where, *values)]

    # typing

    def write(
        self,
        collection: str,
        record_id: str,
        base_seq: int | None,
        fields: Mapping[str, Any],
        *,
        deleted: bool = False,
    ) -> None:
        """Queue a change, or let it join the unsent one of this record. `base_seq` counts only where nothing is queued."""
        queued = self.of(collection, record_id)
        if queued and queued[-1].standing is Standing.TO_SEND:
            joined = {} if deleted else {**queued[-1].fields, **fields}
            self.amend(replace(queued[-1], fields=joined, deleted=deleted))
        else:
            self._store.run(
                "INSERT INTO outbox (op_id, collection, id, base_seq, fields, deleted, standing) VALUES (?, ?, ?, ?, ?, ?, 'to_send')",
                *(
                    self._new_id(),
                    collection,
                    record_id,
                    None if queued else base_seq,
                    orjson.dumps(fields),
                    deleted,
                ),
            )

    def amend(self, change: Queued) -> None:
        """Store an unsent change anew. One that was sent is frozen: it stays as it is."""
        self._store.run(
            "UPDATE outbox SET base_seq = ?, fields = ?, deleted = ? WHERE op_id = ? AND standing = 'to_send'",
            *(change.base_seq, orjson.dumps(change.fields), change.deleted, change.op_id),
        )

    def drop(self, op_id: str) -> None:
        """Take a change out: it was answered, or nobody needs it any more."""
        self._store.run("DELETE FROM outbox WHERE op_id = ?", op_id)

    def unbase(self) -> None:
        """After a reset no number that was seen before means anything; what was sent already stays as it was sent."""
        self._store.run("UPDATE outbox SET base_seq = NULL WHERE standing = 'to_send'")

    # sending

    def next(self, limit: int, tried: Collection[str]) -> list[Queued]:
        """The next changes to send, the first of each record, without those tried."""
        heads = self._select(f"WHERE {_FIRST_OF_RECORD} ORDER BY number LIMIT ?", limit + len(tried))
        return [change for change in heads if change.op_id not in tried][:limit]

    def freeze(self, limit: int, tried: Collection[str]) -> list[Queued]:
        """The next changes to send: from now on they do not change, whatever becomes of the request."""
        batch = self.next(limit, tried)
        self._store.run_many(
            "UPDATE outbox SET standing = 'sent' WHERE op_id = ? AND standing = 'to_send'",
            [(change.op_id,) for change in batch],
        )
        return batch

    def hold(self, op_id: str) -> None:
        """The server keeps this change until its parent arrives."""
        self._store.run("UPDATE outbox SET standing = 'held' WHERE op_id = ?", op_id)

    # what was refused

    def refuse(self, change: Queued, problem: Mapping[str, Any], at: str) -> None:
        """Move a change to `refused`, with the reason."""
        self.drop(change.op_id)
        self._store.run(
            "INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(
                change.op_id,
                change.collection,
                change.id,
                orjson.dumps(change.fields),
                change.deleted,
                orjson.dumps(problem),
                at,
            ),
        )

    def refused(self) -> list[RefusedChange]:
        """What the server did not take, oldest first."""
        rows = self._store.all(
            "SELECT op_id, collection, id, fields, deleted, problem, at FROM refused ORDER BY at, rowid"
        )
        return [
            RefusedChange(op, kind, record_id, orjson.loads(f), bool(gone), orjson.loads(p), at)
            for op, kind, record_id, f, gone, p, at in rows
        ]

    def take_back(self, op_ids: Collection[str], slug: str) -> None:
        """Queue anew, under new op_ids and without base, those of these changes that were refused for one reason."""
        for refused in self.refused():
            if refused.op_id in op_ids and refused.slug == slug and not refused.deleted:
                self.write(refused.collection, refused.id, None, refused.fields)
                self.forget(refused.op_id)

    def forget(self, op_id: str) -> bool:
        """Throw a refused change away; whether there was one."""
        return bool(self._store.run("DELETE FROM refused WHERE op_id = ?", op_id))


def _queued(row: Any) -> Queued:
    number, op_id, collection, record_id, base_seq, fields, deleted, standing = row
    return Queued(
        number,
        op_id,
        collection,
        record_id,
        base_seq,
        orjson.loads(fields),
        bool(deleted),
        Standing(standing),
    )
