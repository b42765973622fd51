"""What the server holds, read straight from its tables, past all of its code."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import DateTime

from service.records import KINDS
from sync.clock import stamp
from tests.simulation.oracle import IN, Key, Oracle, Record, Rows

WORD = re.compile(r"\bw\d{4}\b")
"""The one word that each step types, never the beginning or the end of another."""
_TYPED = " UNION ALL ".join(
    f"SELECT '{name}', id, to_jsonb(t) - 'tenant_id' FROM {kind.table.name} t WHERE tenant_id = %(tenant)s"
    for name, kind in KINDS.items()
)
_MOMENTS = {
    name: [column.name for column in kind.table.columns if isinstance(column.type, DateTime)]
    for name, kind in KINDS.items()
}
_DOCUMENTS = (
    "SELECT collection, record_id, seq, deleted, fields FROM sync_document WHERE tenant_id = %(tenant)s"
)
_HISTORY = "SELECT collection, record_id, device, body FROM sync_history WHERE tenant_id = %(tenant)s"
_HELD = (
    "SELECT parent_collection, parent_id, actor, op_id, change FROM sync_held WHERE tenant_id = %(tenant)s"
)


@dataclass(frozen=True)
class Held:
    """A change that waits at the server."""

    parent: Key
    person: str
    op_id: str
    change: str


class Truth:
    """One tenant at one moment."""

    def __init__(self, connection: psycopg.Connection[TupleRow], tenant: UUID) -> None:
        self._connection, self._tenant = connection, tenant
        self.rows: Rows = {name: {} for name in KINDS}
        for kind, record_id, row in self._ask(_TYPED):
            self.rows[kind][record_id] = _wire(kind, row)
        self.seqs: dict[Key, int] = {}
        self.dead: set[Key] = set()
        self._writers: dict[Key, str] = {}
        self._words: dict[Key, frozenset[str]] = {}
        for kind, record_id, seq, deleted, fields in self._ask(_DOCUMENTS):
            self.seqs[kind, record_id] = seq
            self._writers[kind, record_id] = max(json.loads(fields).values())[1]
            if deleted:
                self.dead.add((kind, record_id))
        self.oracle = Oracle(self.rows)

    def _ask(self, statement: str) -> Iterator[TupleRow]:
        yield from self._connection.execute(statement.encode(), {"tenant": self._tenant})

    @cached_property
    def had_nobody_left(self) -> Oracle:
        """Who could read what, were those who left groups and schools still in."""
        left = any(one["state"] == "left" for one in self.rows["memberships"].values())
        return Oracle(self.rows, IN | {"left"}) if left else self.oracle

    def on_the_way(self, changed: Iterable[Key], before: Truth) -> Iterator[Oracle]:
        """The moments between the changes of one push, in their order."""
        rows = {
            kind: self.rows[kind] | records for kind, records in before.rows.items()
        }  # no child without parent
        for kind, record_id in changed:
            rows[kind].pop(record_id, None)
            if record_id in self.rows[kind]:
                rows[kind][record_id] = self.rows[kind][record_id]
            yield Oracle(rows)

    @cached_property
    def history(self) -> list[TupleRow]:
        """(collection, id, device, body) of each body that a write replaced."""
        return list(self._ask(_HISTORY))

    @cached_property
    def held(self) -> list[Held]:
        """The changes that wait for a parent."""
        return [
            Held((kind, record_id), json.loads(actor)["person_id"], op_id, change)
            for kind, record_id, actor, op_id, change in self._ask(_HELD)
        ]

    @cached_property
    def words_now(self) -> set[str]:
        """Every word that stands in a live record (conflicts and rejected writes too), or in a change that is held."""
        live = (self.words_of((kind, one)) for kind, rows in self.rows.items() for one in rows)
        return set(WORD.findall(" ".join(one.change for one in self.held))).union(*live)

    def words_of(self, key: Key) -> frozenset[str]:
        """The words that stand in a live record."""
        if key not in self._words:
            self._words[key] = frozenset(WORD.findall(json.dumps(self.rows[key[0]][key[1]])))
        return self._words[key]

    @cached_property
    def words_before(self) -> set[str]:
        """Every word that history still knows."""
        return set(WORD.findall(" ".join(body or "" for *_, body in self.history)))

    @cached_property
    def versions(self) -> Counter[tuple[str, Key]]:
        """How often each device has written each record."""
        written = Counter((device, (kind, record_id)) for kind, record_id, device, _ in self.history)
        written.update((device, key) for key, device in self._writers.items())
        return written


def _wire(kind: str, row: Record) -> Record:
    moments = {name: stamp(datetime.fromisoformat(value)) for name in _MOMENTS[kind] if (value := row[name])}
    return row | moments


def as_wire(body: Any) -> str:
    """A record as text that can be compared."""
    return json.dumps(body, sort_keys=True)
