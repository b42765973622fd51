"""A small world in memory for rules, which are pure: people, groups, a door that is opened, a visit with notes.

It stands for `Near` at this level only; at the door (`at_the_door.py`) the engine itself is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from schemas.records.seats import seat_id
from service.records import KINDS
from service.records.scopes import MEMBER_STATES
from sync.changes import Change, Record
from sync.server.actor import Actor, system_actor
from sync.server.kind import Effect, Grant, Noted, Write

TENANT = UUID("0198a2f0-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
STAMP = "2026-11-21T09:30:00.000Z"
SYSTEM = system_actor(TENANT)


def as_(person_id: str, *roles: str) -> Actor:
    """The person on her phone."""
    return Actor(TENANT, person_id, f"{person_id}-phone", frozenset(roles or ("teacher",)))


class World:
    """Live records by collection and id; answers what rules ask."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Record] = {}
        self.now = NOW

    def record(self, collection: str, record_id: str | None) -> Record | None:
        return self.records.get((collection, record_id)) if record_id else None

    def children(self, collection: str, field: str, record_id: str) -> list[Record]:
        found = [record for key, record in sorted(self.records.items()) if key[0] == collection]
        return [record for record in found if record_id in _as_list(record[field])]

    def in_scope(self, person_id: str, scope_id: str) -> bool:
        kind, _, record_id = scope_id.partition("/")
        if kind in {"tenant", "person"}:
            return kind == "tenant" or record_id == person_id
        memberships = self.children("memberships", f"{kind}_id", record_id)
        return any(m["person_id"] == person_id and m["state"] in MEMBER_STATES for m in memberships)

    def blank(self, collection: str, record_id: str, **fields: Any) -> Record:
        """A record as the engine hands it to rules: every field is there."""
        kind = KINDS[collection]
        unknown = fields.keys() - kind.schema.fields.keys()
        assert not unknown, f"{collection} has no {unknown}"
        stamped = {"id": record_id, "created_by": "somebody", "created_at": STAMP, "updated_at": STAMP}
        state = {"state": kind.machine.initial} if kind.machine else {}
        return dict.fromkeys(kind.schema.fields) | stamped | state | fields

    def put(self, collection: str, record_id: str, **fields: Any) -> Record:
        """A record that is there."""
        record = self.records[collection, record_id] = self.blank(collection, record_id, **fields)
        return record

    def person(self, person_id: str, *evaluator_ids: str, roles: Iterable[str] = ("teacher",)) -> Record:
        fields = {"display_name": person_id, "roles": list(roles), "evaluator_ids": list(evaluator_ids)}
        for role in roles:
            self.put("role_grants", f"{person_id}-is-{role}", person_id=person_id, role=role)
        for one in evaluator_ids:
            named = {"person_id": one, "role": "evaluator", "host_id": person_id}
            self.put("role_grants", f"{one}-evaluates-{person_id}", **named)
        return self.put("people", person_id, **fields)

    def group(self, group_id: str, *member_ids: str, **fields: Any) -> Record:
        group = {"name": group_id, "group_type": "studio", "question": "Who talks?", "state": "open"} | fields
        for person_id in member_ids:
            self.member(group_id, person_id)
        return self.put("groups", group_id, **group)

    def member(self, group_id: str, person_id: str, state: str = "enrolled", **fields: Any) -> Record:
        named = {"group_id": group_id} if "school_id" not in fields else {}
        membership_id = f"{person_id}-in-{group_id}"
        return self.put("memberships", membership_id, person_id=person_id, state=state, **named, **fields)

    def invitation(self, invitation_id: str = "open-door", **fields: Any) -> Record:
        return self.put("invitations", invitation_id, **{"host_id": "hana", "state": "open"} | fields)

    def seat(self, person_id: str, state: str, invitation_id: str = "open-door", **fields: Any) -> Record:
        named = {"invitation_id": invitation_id, "person_id": person_id, "state": state}
        return self.put("seats", seat_id(invitation_id, person_id), **named | fields)

    def visit(self, visit_id: str = "visit-one", **fields: Any) -> Record:
        return self.put("visits", visit_id, **{"host_id": "hana", "observer_ids": ["olga"]} | fields)

    def note(self, note_id: str = "note-one", **fields: Any) -> Record:
        said = {
            "visit_id": "visit-one",
            "note_kind": "noticing",
            "text": "Three asked.",
            "created_by": "olga",
        }
        return self.put("notes", note_id, **said | fields)

    # what the engine would ask

    def check(self, actor: Actor, collection: str, record_id: str, **fields: Any) -> Record:
        """The record as `actor` would leave it: a new one, or the one there with these fields changed."""
        write = self._write(actor, collection, record_id, fields)
        return KINDS[collection].check(actor, write, self) or write.after or {}

    def delete(self, actor: Actor, collection: str, record_id: str) -> None:
        KINDS[collection].check(
            actor, Write(collection, record_id, self.records[collection, record_id], None), self
        )

    def effects(self, actor: Actor, collection: str, record_id: str, **fields: Any) -> list[Effect]:
        """What follows, once the record is written."""
        write = self._write(actor, collection, record_id, fields)
        self.records[collection, record_id] = write.after or {}
        return list(KINDS[collection].effects(actor, write, self))

    def _write(self, actor: Actor, collection: str, record_id: str, fields: dict[str, Any]) -> Write:
        before, machine = self.record(collection, record_id), KINDS[collection].machine
        made = {"created_by": actor.person_id} | fields
        after = before | fields if before else self.blank(collection, record_id, **made)
        came_from = before["state"] if before and machine else machine.initial if machine else ""
        born = before is None and machine is not None and after["state"] in machine.entry
        moved = machine.path(came_from, after["state"]) if machine and not born else ()
        return Write(collection, record_id, before, after, moved or ())


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def told(effects: Iterable[Effect]) -> list[tuple[Any, ...]]:
    """Effects as plain tuples, to be compared."""
    return [_told(effect) for effect in effects]


def _told(effect: Effect) -> tuple[Any, ...]:
    if isinstance(effect, Noted):
        return ("noted", effect.act, dict(effect.about))
    if isinstance(effect, Grant):
        return ("grant" if effect.active else "revoke", effect.person_id, effect.scope_id)
    assert isinstance(effect, Change)
    return (effect.collection, effect.id, dict(effect.fields))
