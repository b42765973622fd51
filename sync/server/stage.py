"""The records as the push under way leaves them: what the database holds, with the changes so far laid on top.

Everything is loaded in bulk at the start and kept here; nothing is written before the last change is judged, so that one
bad change is undone by going back to a mark. It is also the `Near` that rules ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Connection, any_, literal, select

from sync.changes import Record
from sync.clock import stamp
from sync.server.kind import Kinds
from sync.server.overlay import Key, Overlay, Row
from sync.server.sequence import Sequence
from sync.server.statement import Question, Statement, as_list, ask

# One key at a time (OFFSET 0 forbids another way): a planner without statistics would read whole tables.
_LOAD = Statement("""
SELECT d.*, ARRAY(SELECT scope_id FROM sync_entry
     WHERE tenant_id = :tenant AND collection = d.collection AND record_id = d.record_id AND NOT removed) AS scopes
  FROM json_array_elements(:keys) AS k(key)
 CROSS JOIN LATERAL (SELECT collection, record_id, seq, deleted, author, body, fields FROM sync_document
     WHERE tenant_id = :tenant AND collection = k.key ->> 0 AND record_id = k.key ->> 1 OFFSET 0) d
""")
_SCOPES = Statement("""
SELECT scope_id FROM sync_membership WHERE tenant_id = :tenant AND person_id = :person AND active
""")


class Stage:
    """The records of one tenant inside one transaction."""

    def __init__(self, connection: Connection, kinds: Kinds, sequence: Sequence, now: datetime) -> None:
        self.connection, self.kinds, self.sequence = connection, kinds, sequence
        self._now, self.stamp = now, stamp(now)
        self.overlay = Overlay(sequence.seq)
        self._loaded: dict[Key, Row | None] = {}
        self._scopes_of: dict[str, frozenset[str]] = {}
        self._children: dict[tuple[str, str, str], list[str]] = {}

    @property
    def now(self) -> datetime:
        """The moment of this push."""
        return self._now

    # what rules ask (kind.Near)

    def record(self, collection: str, record_id: str | None) -> Record | None:
        """A live record as of now, or None."""
        row = self.row((collection, record_id)) if record_id else None
        return row.record if row else None

    def children(self, collection: str, field: str, record_id: str) -> list[Record]:
        """The live records of a kind whose `field` names this record, in the order of their ids."""
        keys = {(collection, child) for child in self._stored_children(collection, field, record_id)}
        keys |= {
            key
            for key, row in self.overlay.rows.items()
            if key[0] == collection and row.record and _names(row.record, field, record_id)
        }
        self.load(keys)
        found = [row.record for key in sorted(keys) if (row := self.row(key)) and row.record]
        return [record for record in found if _names(record, field, record_id)]

    def in_scope(self, person_id: str, scope_id: str) -> bool:
        """Whether the person is an active member of the scope."""
        return scope_id in self.scopes_of(person_id)

    # what the door asks

    def row(self, key: Key) -> Row | None:
        """A row as of now, deleted ones too; None where there never was one."""
        staged = self.overlay.rows.get(key)
        if staged is not None:
            return staged
        if key not in self._loaded:
            self.load([key])
        return self._loaded[key]

    def scopes_of(self, person_id: str) -> frozenset[str]:
        """The scopes that the person is in now."""
        if person_id not in self._scopes_of:
            (found,) = ask(self.connection, question_of_scopes(self.sequence.tenant_id, person_id))
            self.take_scopes(person_id, found)
        changed = {
            scope: m.active for (person, scope), m in self.overlay.memberships.items() if person == person_id
        }
        if not changed:
            return self._scopes_of[person_id]
        return frozenset(s for s in self._scopes_of[person_id] | set(changed) if changed.get(s, True))

    def load(self, keys: Iterable[Key]) -> None:
        """Load rows with the scopes that they stand in, in one statement; those already here are not read again."""
        missing = [key for key in keys if key not in self._loaded]
        if missing:
            (found,) = ask(self.connection, question(self.sequence.tenant_id, missing))
            self.take(missing, found)

    def take(self, keys: Iterable[Key], found: Iterable[Any]) -> None:
        """Rows that were asked for with others' (`question`): those of `keys` that are not found never were."""
        self._loaded |= dict.fromkeys(keys)
        for one in found:
            row = _row(one)
            self._loaded[row.key] = row

    def take_scopes(self, person_id: str, found: Iterable[Any]) -> None:
        """The scopes of a person that were asked for with others' (`question_of_scopes`)."""
        self._scopes_of[person_id] = frozenset(row.scope_id for row in found)

    def load_near(self, keys: Iterable[Key]) -> None:
        """Load rows with their parents, and theirs, level by level."""
        level = set(keys)
        while level:
            self.load(level)
            level = {
                parent
                for key in level
                if (row := self._loaded[key]) and row.record
                for parent in self._parents(key, row.record)
            } - self._loaded.keys()

    def _parents(self, key: Key, record: Record) -> list[Key]:
        return self.kinds[key[0]].parent_ids(record) if key[0] in self.kinds else []

    def _stored_children(self, collection: str, field: str, record_id: str) -> list[str]:
        asked = (collection, field, record_id)
        if asked not in self._children:
            table = self.kinds[collection].table.c
            names = any_(table[field]) if isinstance(table[field].type, ARRAY) else table[field]
            stored = select(table.id).where(
                table.tenant_id == self.sequence.tenant_id, literal(record_id) == names
            )
            self._children[asked] = list(self.connection.execute(stored).scalars())
        return self._children[asked]


def question(tenant_id: UUID, keys: Iterable[Key]) -> Question:
    """The rows of these keys, with the scopes that they stand in."""
    return _LOAD, {"tenant": tenant_id, "keys": as_list(keys)}


def question_of_scopes(tenant_id: UUID, person_id: str) -> Question:
    """The scopes that a person is in."""
    return _SCOPES, {"tenant": tenant_id, "person": person_id}


def _names(record: Record, field: str, record_id: str) -> bool:
    value = record.get(field)
    return record_id in value if isinstance(value, list) else value == record_id


def _row(found: Any) -> Row:
    record = None if found.deleted else orjson.loads(found.body)
    writers = {name: tuple(by) for name, by in orjson.loads(found.fields).items()}
    key = (found.collection, found.record_id)
    return Row(key, found.seq, found.author, record, writers, frozenset(found.scopes))
