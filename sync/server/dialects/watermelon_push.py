"""WatermelonDB's push, and the rescue of what a pull would destroy.

WatermelonDB pulls before it pushes, marks in `_changed` which columns its person edited, never lets a pull touch those, and
takes any 2xx for "all is stored". So the truth about a row that was merged or refused must come by a later pull
(`Door.tell`), and the base of an edit is the record as of the number from which the phone's latest pull asked on, with
what the phone itself sent since on top (`sent`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from schemas import watermelon as words
from sync.changes import Change, Outcome, Record, Status
from sync.server import held, reading, sequence
from sync.server.actor import Actor
from sync.server.dialects import readers, sent
from sync.server.dialects.sent import Sent
from sync.server.kind import Kinds
from sync.server.overlay import Key, Row
from sync.server.push import Door
from sync.server.stage import Stage


@dataclass(frozen=True, slots=True)
class Said:
    """One row of a push. `problem`: why it cannot be read."""

    collection: str
    id: str
    row: Mapping[str, Any]
    created: bool = False
    deleted: bool = False
    problem: Mapping[str, Any] | None = None

    @property
    def key(self) -> Key:
        """Which record it is about."""
        return self.collection, self.id


def in_order(kinds: Kinds, rows: Iterable[Said]) -> list[Said]:
    """Parents before children, so that none waits for another; deletes last, children first."""
    rank = {name: number for number, name in enumerate(kinds)}
    last = len(rank)

    def place(said: Said) -> tuple[bool, int]:
        at = rank.get(said.collection, last)
        return said.deleted, -at if said.deleted else at

    return sorted(rows, key=place)


@dataclass(frozen=True, slots=True)
class Pushing:
    """One push of one device: up to 500 rows in the transaction of `connection`, in the order given."""

    door: Door
    connection: Connection
    actor: Actor

    def push(self, rows: Sequence[Said], last_pulled_at: int | None, raw: str) -> None:
        """Take the rows; what a row did not become is told by the phone's next pull."""
        reader = readers.of(self.connection, self.actor)
        at = reader.cursor if last_pulled_at is None else last_pulled_at
        base = reader.base if at == reader.cursor else 0
        self._take(rows, base, at, raw, dirty=False)
        self._tell(rows, at)

    def rescue(self, rows: Sequence[Said], last_pulled_at: int | None, raw: str) -> None:
        """Take the rows ahead of a pull, which may destroy them on the phone: there they are as of its `last_pulled_at`."""
        base = last_pulled_at or 0
        outcomes = self._take(rows, base, base, raw, dirty=True)
        refused = [said for said in rows if _is_refused(outcomes.get(said.key)) and not said.deleted]
        self._tell(refused, None)

    def _take(self, rows: Sequence[Said], base: int, at: int, raw: str, *, dirty: bool) -> dict[Key, Outcome]:
        """The outcome of each row that says anything. `base`: what the phone had seen of it; `at`: how far it has read by now."""
        # what is read now must still hold when it is merged
        sequence.lock(self.connection, self.actor.tenant_id)
        before = sent.of(self.connection, self.actor, {said.key for said in rows}, base)
        vain = self._not_there([said for said in rows if said.deleted])
        sound = [said for said in rows if said.problem is None and said.key not in vain]
        changes = [self._change(said, base, before.get(said.key)) for said in sound]
        told = [change for change in changes if change is not None]
        outcomes = self.door.push(self.connection, self.actor, told, raw)
        found = {(one.collection, one.id): one for one in outcomes}
        kept = {
            (change.collection, change.id): self._sent(change, one, base, before)
            for change, one in zip(told, outcomes, strict=True)
            if reading.is_usable(change)
        }
        found |= {said.key: self._refuse(said) for said in rows if said.problem is not None}
        now = max(sequence.lock(self.connection, self.actor.tenant_id).seq, at + 1)
        again = {said.key: before[said.key] for said in rows if said.key in before} | kept
        now_sent = {key: replace(one, seq=now, dirty=dirty) for key, one in again.items()}
        sent.keep(self.connection, self.actor, now_sent)
        return found

    def _change(self, said: Said, base: int, before: Sent | None) -> Change | None:
        """The row as a change; None when it says nothing new."""
        fields = self._fields(said, before)
        digest = _digest([said.deleted, fields])
        if before is not None and before.said == digest:
            change = Change(before.op_id, *said.key, fields, said.deleted, before.base or None)
            return replace(change, base_fields=before.fields or None)
        if not fields and not said.created and not said.deleted:
            return None
        if before is not None and before.fields and not fields and not said.deleted:
            return None
        heard = before.op_id if before else None
        op_id = _digest([self.actor.device_id, self.actor.person_id, *said.key, digest, base, heard])
        known = dict(before.fields) if before else {}
        is_new = said.created and not known
        change = Change(f"wm-{op_id}", *said.key, fields, said.deleted, None if is_new else base or None)
        knows_all = base or fields.keys() <= known.keys()
        return replace(change, base_fields=known) if known and knows_all else change

    def _fields(self, said: Said, before: Sent | None) -> Record:
        """What the person said: all of a new row, the columns that she changed of one that we know."""
        if said.deleted:
            return {}
        row = said.row
        if not said.created or (before and before.fields):
            changed = str(row.get("_changed") or "").split(",")
            row = {name: row[name] for name in changed if name in row}
        kind = self.door.kinds.get(said.collection)
        return words.inward(kind.schema, row) if kind else dict(row)

    def _sent(self, change: Change, one: Outcome, base: int, before: Mapping[Key, Sent]) -> Sent:
        known = before.get((change.collection, change.id))
        fields = dict(known.fields) if known else {}
        if not _is_refused(one):
            fields |= change.fields
        digest = _digest([change.deleted, dict(change.fields)])
        return Sent(change.op_id, change.base_seq or 0, digest, fields)

    def _refuse(self, said: Said) -> Outcome:
        """Keep a row that cannot be read for its author."""
        assert said.problem is not None
        text = json.dumps(said.row)
        op_id = f"wm-bad-{_digest([*said.key, text])}"
        change = Change(op_id, *said.key, {"row": text})
        return self.door.refuse(self.connection, self.actor, change, said.problem)

    def _tell(self, rows: Sequence[Said], last_pulled_at: int | None) -> None:
        """Send once more what the phone would not hear of by itself, and now believes wrongly.

        A row that waits for its parent is right where it is.
        """
        known = [said for said in rows if reading.is_id(said.id) and said.collection in self.door.kinds]
        standing = self._standing({said.key for said in known})
        wrong = {s.key for s in known if self._believes_wrongly(s, standing.get(s.key), last_pulled_at)}
        self.door.tell(self.connection, self.actor, sorted(wrong - self._waiting(wrong - standing.keys())))

    def _believes_wrongly(self, said: Said, stands: Row | None, read: int | None) -> bool:
        if stands is None or stands.record is None:
            return not said.deleted
        if read is None or stands.seq > read:
            return False
        return said.deleted or not self._is_as_said(said, stands.record)

    def _is_as_said(self, said: Said, record: Record) -> bool:
        schema = self.door.kinds[said.collection].schema
        ours, theirs = words.outward(schema, record), words.inward(schema, said.row)
        return all(
            said.row[name] == ours[name] or (name in theirs and theirs[name] == record[name])
            for name in ours.keys() & said.row.keys()
        )

    def _not_there(self, rows: Sequence[Said]) -> set[Key]:
        """Which of these are nothing to this person, so that to delete them says nothing: she may have made and deleted
        them offline, or say it again."""
        keys = {said.key for said in rows if reading.is_id(said.id) and said.collection in self.door.kinds}
        keys -= self._standing(keys).keys()
        return keys - self._waiting(keys)

    def _waiting(self, keys: Collection[Key]) -> set[Key]:
        """Which of these wait for their parents."""
        sent_before = held.sent_by(self.connection, self.actor).values() if keys else ()
        return {(change.collection, change.id) for change in sent_before}.intersection(keys)

    def _standing(self, keys: Collection[Key]) -> dict[Key, Row]:
        """Those records as they stand that the actor sees."""
        clock = sequence.lock(self.connection, self.actor.tenant_id)
        stage = Stage(self.connection, self.door.kinds, clock, self.door.now())
        stage.load(keys)
        hers = stage.scopes_of(self.actor.person_id)
        rows = ((key, stage.row(key)) for key in keys)
        return {key: row for key, row in rows if row and row.record and not hers.isdisjoint(row.scopes)}


def _is_refused(outcome: Outcome | None) -> bool:
    return outcome is not None and Status.REJECTED in (outcome.status, outcome.first)


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
