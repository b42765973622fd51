"""What becomes of one change, before anything is written: the numbered steps of the protocol, in order.

Every refusal is a `Refused` with the words for the person who typed; the door turns it into that change's outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, select

from schemas.base import SERVER_OWNED
from schemas.problems import Problem, Refused
from sync.changes import Change, Record
from sync.merge import Base, Conflict, Merged, Policy, longer, merge
from sync.server import arriving
from sync.server.actor import Actor
from sync.server.history import body_at
from sync.server.kind import Kind, Write
from sync.server.overlay import Row
from sync.server.stage import Stage
from sync.server.tables import entry, membership

_TEXTS = (Policy.TEXT, Policy.AUTHOR)


class Waits(Exception):
    """The change names a parent that is not there (for this person): hold it until it comes."""

    def __init__(self, collection: str, record_id: str) -> None:
        super().__init__(f"waits for {collection} {record_id}")
        self.parent = (collection, record_id)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to store: the write, which fields it changed, and what the merge could not join."""

    kind: Kind
    write: Write
    merged: Merged
    believed: Mapping[str, Any] | None
    forget: bool = False

    def holds(self, record: Record | None) -> bool:
        """Whether the record is what the writer believes now: what she had seen, with what she sent."""
        if record is None or record == self.believed:
            return True
        return self.believed is not None and all(
            record.get(name) == value for name, value in self.believed.items() if name not in SERVER_OWNED
        )

    @property
    def problem(self) -> Mapping[str, Any] | None:
        """What of the change was not taken, where the rest of it was."""
        if self.merged.illegal_move is None:
            return None
        return Problem.ILLEGAL_MOVE.document(
            "The state stays; the rest was taken. " + _no_way(self.kind, self.merged.illegal_move)
        )


class Judge:
    """Judges changes against one stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def verdict(self, actor: Actor, change: Change) -> Verdict:
        """The verdict on one change; raises Refused, or Waits for a parent."""
        kind = self._kind(actor, change)
        row = self.stage.row((change.collection, change.id))
        if row is not None and not self._may_see(actor, row):
            raise Refused(Problem.NOT_FOUND)
        if change.deleted:
            return self._delete(actor, kind, change, row)
        if row is not None and row.record is None:
            raise Refused(Problem.RECORD_DELETED)
        if row is None:
            return self._create(actor, kind, change)
        return self._edit(actor, kind, change, row)

    def _kind(self, actor: Actor, change: Change) -> Kind:
        kind = self.stage.kinds.get(change.collection)
        if kind is None:
            raise Refused(Problem.UNKNOWN_COLLECTION, f"There is no collection {change.collection!r:.80}.")
        if actor.token_scopes is not None and kind.write_scope not in actor.token_scopes:
            needed = [kind.write_scope] if kind.write_scope else []
            raise Refused(Problem.SCOPE_REQUIRED, extra={"scopes": needed})
        if kind.server_only and not actor.is_system and not change.deleted:
            raise Refused(Problem.READ_ONLY_COLLECTION)
        return kind

    def _may_see(self, actor: Actor, row: Row) -> bool:
        if actor.is_system or not row.scopes.isdisjoint(self.stage.scopes_of(actor.person_id)):
            return True
        return row.record is None and (row.author == actor.person_id or self._once_saw(actor, row))

    def _once_saw(self, actor: Actor, row: Row) -> bool:
        """Whether a deleted record had been in a scope of this person: only then may she learn that it is gone."""
        match = (
            entry.c.collection == row.key[0],
            entry.c.record_id == row.key[1],
            entry.c.tenant_id == actor.tenant_id,
        )
        mine = and_(
            membership.c.tenant_id == entry.c.tenant_id,
            membership.c.scope_id == entry.c.scope_id,
            membership.c.person_id == actor.person_id,
        )
        return bool(
            self.stage.connection.execute(
                select(exists().where(*match, mine, membership.c.tenant_id == actor.tenant_id))
            ).scalar()
        )

    # a new record

    def _create(self, actor: Actor, kind: Kind, change: Change) -> Verdict:
        if change.base_seq:  # it edits something that this person cannot see, or that never was
            raise Refused(Problem.NOT_FOUND)
        record = self._blank(actor, kind, change) | arriving.loaded(kind, change, partial=False)
        self._demand_parents(actor, kind, record)
        believed = record | arriving.sent(kind, change)
        if believed.get("state", "") is None:
            del believed["state"]
        moved, illegal = self._birth(actor, kind, record)
        merged = Merged(record, set(record), moved=moved, illegal_move=illegal)
        return self._checked(actor, kind, change, None, merged, believed)

    def _blank(self, actor: Actor, kind: Kind, change: Change) -> Record:
        stamped = {
            "id": change.id,
            "created_by": actor.person_id,
            "created_at": self.stage.stamp,
            "updated_at": self.stage.stamp,
        }
        return {**kind.blank, **stamped}

    def _demand_parents(self, actor: Actor, kind: Kind, record: Record) -> None:
        for parent in kind.parent_ids(record):
            row = self.stage.row(parent)
            if row is None or row.record is None or not self._may_see(actor, row):
                raise Waits(*parent)

    def _birth(
        self, actor: Actor, kind: Kind, record: Record
    ) -> tuple[tuple[tuple[str, str], ...], tuple[str, str] | None]:
        """The moves that a record made before it first arrived; an illegal one leaves it in its first state."""
        if kind.machine is None:
            return (), None
        state = record["state"] = record["state"] or kind.machine.initial
        if state in kind.machine.entry:
            return (), None
        path = kind.machine.path(kind.machine.initial, state, self._allowed(actor, kind, record))
        if path is not None:
            return tuple(path), None
        record["state"] = kind.machine.initial
        return (), (kind.machine.initial, state)

    # an edit

    def _edit(self, actor: Actor, kind: Kind, change: Change, row: Row) -> Verdict:
        before = row.record or {}
        if not (actor.is_system or kind.may_write(actor, before, self.stage)):
            raise Refused(Problem.NOT_ALLOWED)
        arrived = arriving.loaded(kind, change, partial=True)
        seen = self._seen(kind, change, row)
        base = Base(seen, lambda name: self._wrote(actor, change, row, name))
        merged = merge(before, arrived, base, kind.policies, kind.machine, self._allowed(actor, kind, before))
        self._refuse_foreign_text(actor, kind, row, merged)
        if merged.illegal_move and not merged.changed:
            raise Refused(
                Problem.ILLEGAL_MOVE,
                _no_way(kind, merged.illegal_move),
                {"/fields/state": ["This move is not yours, or there is no such move."]},
            )
        believed = None if seen is None else {**seen, **arriving.sent(kind, change)}
        if not merged.changed:
            return Verdict(kind, Write(kind.name, change.id, before, before), merged, believed)
        self._demand_parents(
            actor, kind, {name: value for name, value in merged.record.items() if name in merged.changed}
        )
        _keep_in_bounds(kind, merged, before, arrived)
        if base.record is None:
            self._keep_words_of_a_lost_life(kind, row, merged, arrived)
        merged.record["updated_at"] = self.stage.stamp
        return self._checked(actor, kind, change, before, merged, believed)

    def _keep_words_of_a_lost_life(self, kind: Kind, row: Row, merged: Merged, arrived: Record) -> None:
        """What a phone sends again to a restored server may be others' words: over its own, but not in silence."""
        for name in sorted(merged.changed & arrived.keys()):
            old, new = (row.record or {}).get(name), merged.record[name]
            forgotten = row.writer(name)[0] <= self.stage.sequence.horizon
            if kind.policies.get(name) in _TEXTS and forgotten and old and longer(old, new or "") != new:
                merged.conflicts.append(Conflict(name, new, old, arrived_kept=True))

    def _seen(self, kind: Kind, change: Change, row: Row) -> Mapping[str, Any] | None:
        """The record as the writer had last seen it; None when it did not say, or history no longer knows.

        With a number as well, `base_fields` are what the writer itself sent since that number.
        """
        if change.base_fields is None:
            return self._seen_at(change, row)
        said = {
            name: value
            for name, value in change.base_fields.items()
            if name in kind.schema.fields
            and (value == (row.record or {}).get(name) or arriving.fits(kind, name, value))
        }
        if change.base_seq is None:
            return said
        seen = self._seen_at(change, row)
        if seen is None and change.fields.keys() - said.keys():
            return None
        return {**(seen or {}), **said}

    def _seen_at(self, change: Change, row: Row) -> Mapping[str, Any] | None:
        """The record as it stood at the change's number."""
        if change.base_seq == row.seq:
            return row.record  # numbers are never used twice, in no life of the server
        clock = self.stage.sequence
        if not change.base_seq or not clock.horizon <= change.base_seq <= self.stage.overlay.seq:
            return None  # a number of an earlier life of the server says nothing about this one
        if change.base_seq >= row.seq:
            return row.record
        return body_at(self.stage, row.key, change.base_seq)

    def _wrote(self, actor: Actor, change: Change, row: Row, name: str) -> bool:
        """Whether this device wrote the field last: no conflict then, its answer was lost and its person typed on.

        A `base_seq` is exact and needs no such leave: one older than the device's own write is a phone restored from a
        backup, whose newer words must not be overwritten in silence.
        """
        return change.base_seq is None and row.writer(name)[1:] == (actor.device_id, actor.person_id)

    def _refuse_foreign_text(self, actor: Actor, kind: Kind, row: Row, merged: Merged) -> None:
        if actor.is_system or actor.person_id == row.author:
            return
        foreign = [name for name in sorted(merged.changed) if kind.policies.get(name) is Policy.AUTHOR]
        if foreign:
            raise Refused(
                Problem.NOT_ALLOWED,
                "Only its author writes this text.",
                {f"/fields/{foreign[0]}": ["Only its author writes it."]},
            )

    # both

    def _allowed(self, actor: Actor, kind: Kind, record: Record) -> Callable[[tuple[str, str]], bool]:
        if actor.is_system:
            return lambda edge: True
        return lambda edge: kind.may_move(actor, record, edge, self.stage)

    def _checked(
        self,
        actor: Actor,
        kind: Kind,
        change: Change,
        before: Record | None,
        merged: Merged,
        believed: Record | None,
    ) -> Verdict:
        if not (actor.is_system or kind.may_write(actor, merged.record, self.stage)):
            raise Refused(Problem.NOT_ALLOWED)
        write = Write(kind.name, change.id, before, merged.record, merged.moved)
        amended = kind.check(actor, write, self.stage)
        if amended is not None:
            merged.changed |= {name for name, value in amended.items() if (before or {}).get(name) != value}
            merged.record = dict(amended)
            write = Write(kind.name, change.id, before, merged.record, merged.moved)
        return Verdict(kind, write, merged, believed, kind.forgets(write))

    def _delete(self, actor: Actor, kind: Kind, change: Change, row: Row | None) -> Verdict:
        if row is None:
            raise Refused(Problem.NOT_FOUND)
        if row.record is None:
            return Verdict(kind, Write(kind.name, change.id, None, None), Merged({}), {})
        if not (actor.is_system or kind.may_delete(actor, row.record, self.stage)):
            raise Refused(Problem.NOT_ALLOWED)
        write = Write(kind.name, change.id, row.record, None)
        kind.check(actor, write, self.stage)
        return Verdict(kind, write, Merged({}, {"*"}), {}, kind.forgets(write))


def _keep_in_bounds(kind: Kind, merged: Merged, before: Record, arrived: Record) -> None:
    """A merged text that grew too long gives way to the arriving one; the other is kept as a conflict."""
    for name in sorted(merged.changed & arrived.keys()):
        joined = merged.record[name]
        if joined != arrived[name] and kind.schema.validate({"id": before["id"], name: joined}, partial=True):
            merged.record[name] = arrived[name]
            merged.conflicts.append(Conflict(name, arrived[name], before[name], arrived_kept=True))


def _no_way(kind: Kind, edge: tuple[str, str]) -> str:
    return f"There is no way for you to take {kind.name} from {edge[0]} to {edge[1]}."
