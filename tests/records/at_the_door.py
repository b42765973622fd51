"""A tenant on a real PostgreSQL, whose people speak through the real door and read through the real feed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import Connection, select

from schemas.records.seats import seat_id
from service.audit import verify
from service.database import Database
from service.records import KINDS, overtaken
from service.records.expiry import due
from sync.changes import Change, Outcome, Record
from sync.server import audience
from sync.server.actor import Actor, system_actor
from sync.server.push import Door
from sync.server.tables import document

EVERYONE = ("hana", "olga", "otto", "nora", "eva", "anna")
DOOR, VISIT = "open-door-1", "visit-one-1"


class District:
    """Hana, Olga, Otto, Nora and Eva are teachers, Anna administers; everyone has a phone."""

    def __init__(self, url: str) -> None:
        self.database, self.tenant = Database(url), uuid4()
        self.moment = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
        self.door = Door(KINDS, lambda: self.moment)
        self._ops = count(1)
        said = [(person(name), {"display_name": name, "roles": [_role(name)]}) for name in EVERYONE]
        self.push("system", *(("people", person_id, fields) for person_id, fields in said))

    def actor(self, name: str) -> Actor:
        if name == "system":
            return system_actor(self.tenant)
        return Actor(self.tenant, person(name), f"{name}-phone-1", frozenset({_role(name)}))

    def forward(self, **span: int) -> None:
        self.moment += timedelta(**span)

    def says(self, name: str, collection: str, record_id: str, /, **fields: Any) -> Outcome:
        """One change, on top of what there is now."""
        return self.push(name, (collection, record_id, fields))[0]

    def push(
        self, name: str, *said: tuple[str, str, Mapping[str, Any]], deleted: bool = False
    ) -> list[Outcome]:
        with self.database.begin(self.tenant) as connection:
            changes = [self._change(connection, *one, deleted=deleted) for one in said]
            return self.door.push(connection, self.actor(name), changes)

    def sees(self, name: str, collection: str, record_id: str) -> Record | None:
        """The record as this person reads it; None when she does not."""
        with self.database.begin(self.tenant) as connection:
            found = audience.find(connection, self.actor(name), collection, record_id)
        return orjson.loads(found.body) if found else None

    def readers(self, collection: str, record_id: str) -> str:
        """The first names of all who read the record."""
        with self.database.begin(self.tenant) as connection:
            found = {n: audience.find(connection, self.actor(n), collection, record_id) for n in EVERYONE}
        return " ".join(name for name in EVERYONE if found[name])

    def state(self, name: str, collection: str, record_id: str) -> str | None:
        record = self.sees(name, collection, record_id)
        return record["state"] if record else None

    def time_passes(self) -> list[Outcome]:
        """What the worker does."""
        with self.database.begin(self.tenant) as connection:
            changes = due(connection, self.tenant, self.moment)
            return self.door.push(connection, self.actor("system"), changes)

    def grants_follow(self) -> list[Outcome]:
        """What the worker does every minute."""
        with self.database.begin(self.tenant) as connection:
            changes = overtaken.due(connection, self.tenant, self.moment)
            return self.door.push(connection, self.actor("system"), changes) if changes else []

    def noted(self) -> list[str]:
        """The acts of the audit log, whose chain is whole."""
        with self.database.begin(self.tenant) as connection:
            assert verify.verify(connection, self.tenant).is_whole
            return [row.act for row in verify.rows(connection, self.tenant)]

    def _change(
        self,
        connection: Connection,
        collection: str,
        record_id: str,
        fields: Mapping[str, Any],
        *,
        deleted: bool,
    ) -> Change:
        table = document.c
        mine = (table.tenant_id == self.tenant, table.collection == collection, table.record_id == record_id)
        seq = connection.execute(select(table.seq).where(*mine)).scalar()
        return Change(f"op-{next(self._ops)}", collection, record_id, fields, deleted, seq)

    # what a day is made of

    def opens_door(self, **fields: Any) -> None:
        said = {
            "host_id": person("hana"),
            "look_for": "Who speaks?",
            "seats": 2,
            "to_tenant": True,
            "state": "open",
        }
        outcome = self.says("hana", "invitations", DOOR, **said | fields)
        assert outcome.status == "applied", outcome

    def claims(self, name: str, **fields: Any) -> Outcome:
        said = {"invitation_id": DOOR, "person_id": person(name), "state": "accepted"}
        return self.says(name, "seats", seat_of(name), **said | fields)

    def visits(self, name: str = "olga", **fields: Any) -> None:
        said = {"host_id": person("hana"), "invitation_id": DOOR, "observer_ids": [person(name)]}
        outcome = self.says(name, "visits", VISIT, **said | {"state": "captured"} | fields)
        assert outcome.status == "applied", outcome

    def notes(self, name: str = "olga", note_id: str = "note-one-1", **fields: Any) -> Outcome:
        said = {"visit_id": VISIT, "note_kind": "noticing", "text": "Three pupils asked."}
        return self.says(name, "notes", note_id, **said | fields)


def person(name: str) -> str:
    """The id of the person with this first name."""
    return f"{name}-0000"


def seat_of(name: str) -> str:
    """The id of this person's seat at the open door."""
    return seat_id(DOOR, person(name))


def _role(name: str) -> str:
    return "admin" if name == "anna" else "teacher"
