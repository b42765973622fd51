"""Which records are a person's own.

A lesson is its host's, with everything that lies on it: the host owns the visit. Beside that hers is what she made and
what is about her alone (seats, requests, words of hers that were refused).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, false, or_, select

from sync.changes import Record
from sync.server.actor import Actor
from sync.server.audience import visible
from sync.server.kind import Kind, Kinds
from sync.server.tables import document

_ABOUT_HER = ("person_id", "host_id", "requester_id", "other_by")
_OF_A_LESSON = {"visit_id": "visits", "media_id": "media", "invitation_id": "invitations"}
LEFT_WITH_THE_HOST = frozenset({"shared", "released", "retracted"})
"""States of a note in which it is its host's, who keeps it when its author is forgotten."""
IDS_ALONE = frozenset({"role_grants", "pauses"})
"""Who did what here from when until when: ids without a word, which stay as the audit log's do."""
MOST_AT_ONCE = 200


class Belongings:
    """What is one person's among the records of one tenant."""

    def __init__(self, connection: Connection, kinds: Kinds, tenant_id: UUID, person_id: str) -> None:
        self.connection, self.kinds = connection, kinds
        self.tenant_id, self.person_id = tenant_id, person_id

    def seen(self) -> dict[str, list[Record]]:
        """All that is hers and that she may see, by kind, in the order of their ids."""
        her = Actor(self.tenant_id, self.person_id, "export")
        return {
            name: self._records(kind, self._hers(kind), visible(her, name, document.c.record_id))
            for name, kind in self.kinds.items()
        }

    def around(self, hers: Mapping[str, list[Record]]) -> dict[str, list[Record]]:
        """What hers hangs on, is named in it, and she may see: people, schools, groups, others' lessons."""
        her = Actor(self.tenant_id, self.person_id, "export")
        owned = {record["id"] for records in hers.values() for record in records}
        found: dict[str, list[Record]] = {}
        said = [record for records in hers.values() for record in records]
        while said:
            wanted = {value for record in said for value in _ids(record)} - owned
            said = []
            for name, kind in self.kinds.items():
                of_these = document.c.record_id.in_(sorted(wanted))
                more = (
                    self._records(kind, of_these, visible(her, name, document.c.record_id)) if wanted else []
                )
                found.setdefault(name, []).extend(more)
                said += more
            owned |= wanted
        return {name: records for name, records in found.items() if records}

    def to_forget(self) -> list[tuple[str, str]]:
        """(kind, id) of all that goes when she is forgotten: children before their parents."""
        return [
            (name, record_id)
            for name, kind in reversed(list(self.kinds.items()))
            if name not in IDS_ALONE
            for record_id in self._ids(kind, self._goes(kind))
        ]

    def _records(self, kind: Kind, *conditions: ColumnElement[bool]) -> list[Record]:
        rows = self.connection.execute(self._select(kind, *conditions)).all()
        return [json.loads(row.body) for row in rows]

    def _ids(self, kind: Kind, *conditions: ColumnElement[bool]) -> list[str]:
        rows: Iterable[Row[Any]] = self.connection.execute(self._select(kind, *conditions))
        return [row.record_id for row in rows]

    def _select(self, kind: Kind, *conditions: ColumnElement[bool]) -> Select[Any]:
        table = kind.table
        its = and_(table.c.tenant_id == document.c.tenant_id, table.c.id == document.c.record_id)
        return (
            select(document.c.record_id, document.c.body)
            .join(table, its)
            .where(
                document.c.tenant_id == self.tenant_id,
                table.c.tenant_id == self.tenant_id,
                document.c.collection == kind.name,
                document.c.deleted == false(),
                *conditions,
            )
            .order_by(document.c.record_id)
        )

    def _hers(self, kind: Kind) -> ColumnElement[bool]:
        """What she made, or what is about her."""
        if kind.name == "people":
            return kind.table.c.id == self.person_id
        return or_(kind.table.c.created_by == self.person_id, self._about_her(kind))

    def _goes(self, kind: Kind) -> ColumnElement[bool]:
        """What is about her, her own drafts and recordings; what she shared stays with its host."""
        made = kind.table.c.created_by == self.person_id
        if kind.name == "media":
            return or_(made, self._about_her(kind))
        if kind.name == "notes":
            drafts = kind.table.c.state.not_in(sorted(LEFT_WITH_THE_HOST))
            return or_(and_(made, drafts), self._about_her(kind))
        return self._about_her(kind)

    def _about_her(self, kind: Kind) -> ColumnElement[bool]:
        """Whether it names her as whose it is, or lies on a lesson of hers."""
        table = kind.table.c
        named = [table[name] == self.person_id for name in _ABOUT_HER if name in table]
        return or_(false(), *named, *self._on_her_lessons(kind))

    def _on_her_lessons(self, kind: Kind) -> list[ColumnElement[bool]]:
        table, found = kind.table.c, list[ColumnElement[bool]]()
        for field, name in _OF_A_LESSON.items():
            if field in table and kind.name != "visits":
                lesson = self.kinds[name]
                inside = select(lesson.table.c.id).where(
                    lesson.table.c.tenant_id == self.tenant_id, self._about_her(lesson)
                )
                found.append(table[field].in_(inside))
        return found


def _ids(record: Record) -> Iterable[str]:
    """Every word in it that may be the id of another record."""
    for name, value in record.items():
        if name.endswith("_id") or name in ("created_by", "clip_of", "reply_to"):
            yield from [value] if isinstance(value, str) else []
        elif name.endswith("_ids"):
            yield from value or ()
