"""Which records are a person's own.

A lesson is its host's, with everything that lies on it: the host owns the visit. Beside that hers is what she made and
what is about her alone (seats, requests, words of hers that were refused).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Connection, and_, false, or_, select

from sync.changes import Record
from sync.server.actor import Actor
from sync.server.audience import live, visible
from sync.server.kind import Kind, Kinds
from sync.server.overlay import Key
from sync.server.tables import document

_ABOUT_HER = ("person_id", "host_id", "requester_id", "other_by")
_OF_A_LESSON = {"visit_id": "visits", "media_id": "media", "invitation_id": "invitations"}
LEFT_WITH_THE_HOST = frozenset({"shared", "released", "retracted"})
"""States of a note in which it is its host's, who keeps it when its author is forgotten."""
IDS_ALONE = frozenset({"role_grants", "pauses"})
"""Who did what here from when until when: ids without a word, which stay as the audit log's do."""


class Belongings:
    """What is one person's among the records of one tenant."""

    def __init__(self, connection: Connection, kinds: Kinds, tenant_id: UUID, person_id: str) -> None:
        self.connection, self.kinds = connection, kinds
        self.tenant_id, self.person_id = tenant_id, person_id

    def seen(self) -> dict[str, list[Record]]:
        """All that is hers and that she may see, by kind, in the order of their ids."""
        return {name: self._visible(kind, self._hers(kind)) for name, kind in self.kinds.items()}

    def around(self, hers: Mapping[str, list[Record]]) -> dict[str, list[Record]]:
        """What hers hangs on, is named in it, and she may see: people, schools, groups, others' lessons."""
        found: dict[str, list[Record]] = defaultdict(list)
        met = {record["id"] for records in hers.values() for record in records}
        last = [record for records in hers.values() for record in records]
        while wanted := {named for record in last for named in _ids(record)} - met:
            of_these = document.c.record_id.in_(sorted(wanted))
            more = {name: self._visible(kind, of_these) for name, kind in self.kinds.items()}
            for name, records in more.items():
                found[name] += records
            met |= wanted
            last = [record for records in more.values() for record in records]
        return {name: records for name, records in found.items() if records}

    def to_forget(self) -> list[Key]:
        """(kind, id) of all that goes when she is forgotten: children before their parents."""
        return [
            (name, row.record_id)
            for name, kind in reversed(list(self.kinds.items()))
            if name not in IDS_ALONE
            for row in self.connection.execute(live(self.tenant_id, kind, self._goes(kind)))
        ]

    def _visible(self, kind: Kind, condition: ColumnElement[bool]) -> list[Record]:
        seen = visible(Actor(self.tenant_id, self.person_id, "export"), kind.name, document.c.record_id)
        rows = self.connection.execute(live(self.tenant_id, kind, condition, seen))
        return [orjson.loads(row.body) for row in rows]

    def _hers(self, kind: Kind) -> ColumnElement[bool]:
        """What she made, or what is about her."""
        if kind.name == "people":
            return kind.table.c.id == self.person_id
        return or_(kind.table.c.created_by == self.person_id, self._about_her(kind))

    def _goes(self, kind: Kind) -> ColumnElement[bool]:
        """What is about her, and her own drafts; what she shared stays with its host."""
        if kind.name == "notes":
            made = kind.table.c.created_by == self.person_id
            drafts = kind.table.c.state.not_in(sorted(LEFT_WITH_THE_HOST))
            return or_(and_(made, drafts), self._about_her(kind))
        return self._about_her(kind)

    def _about_her(self, kind: Kind) -> ColumnElement[bool]:
        """Whether it names her as whose it is, or lies on a lesson or a recording of hers."""
        table = kind.table.c
        whose = (*_ABOUT_HER, "created_by") if kind.name == "media" else _ABOUT_HER
        named = [table[name] == self.person_id for name in whose if name in table]
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
