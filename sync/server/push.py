"""The one door: every write to a synced record, from a phone, the REST API, an import or a job, goes through `Door.push`.

    1. take the tenant's clock row        sequence
    2. keep the raw push                  inbox
    3. load what the changes name         stage
    4. for each change: heard before?     receipts
       judge it                           judge      (rights, merge, the kind's own rules)
       stage it, and what follows it      filing     (numbers, audiences, grants, effects)
       or keep it for its author          refusals   (rejected writes, conflicts)
    5. wake what waited for it            held
    6. write it all                       ledger

A refused change leaves no trace in the stage and spoils no other. The caller commits; only then may the answer leave.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from schemas.problems import Problem, Refused
from sync.changes import Change, Outcome, Status
from sync.clock import Now, system_now
from sync.server import held, inbox, ledger, moved, reading, refusals, sequence
from sync.server.actor import Actor, system_actor
from sync.server.filing import Filing
from sync.server.held import Held
from sync.server.judge import Judge, Verdict, Waits
from sync.server.kind import Grant, Kinds, Write
from sync.server.receipts import Receipts
from sync.server.sequence import Sequence as Clock
from sync.server.stage import Key, Row, Stage

MOST_CHANGES = 500
DEEPEST_EFFECT = 8
log = logging.getLogger(__name__)


class Door:
    """Takes changes for the kinds that it was given."""

    def __init__(self, kinds: Kinds, now: Now = system_now) -> None:
        self.kinds, self.now = kinds, now

    def push(
        self, connection: Connection, actor: Actor, changes: Sequence[Change], raw: str | None = None
    ) -> list[Outcome]:
        """Take at most 500 changes in the transaction of `connection`; returns their outcomes in the same order.

        Never raises because of a change. `raw` is the request as it arrived, kept in the inbox.
        """
        if len(changes) > MOST_CHANGES:
            raise Refused(
                Problem.TOO_MANY_CHANGES,
                f"{len(changes)} changes; send at most {MOST_CHANGES} at once.",
                extra={"limit": MOST_CHANGES},
            )
        clock = sequence.lock(connection, actor.tenant_id)
        inbox.keep(connection, actor, inbox.as_text(changes) if raw is None else raw, self.now())
        outcomes = self._together(connection, actor, changes, clock)
        moved.note_known(connection, actor, outcomes)
        return outcomes

    def _together(
        self, connection: Connection, actor: Actor, changes: Sequence[Change], clock: Clock
    ) -> list[Outcome]:
        """All changes in one go, which is all but always possible."""
        try:
            with connection.begin_nested():
                return _Push(self, connection, actor, clock).run(changes)
        except (
            IntegrityError,
            DataError,
        ):  # the tables refused what our rules let pass: find the change that it was
            log.exception("a push was refused by the tables; taking its changes one by one")
            return [self._alone(connection, actor, change) for change in changes]

    def refuse(
        self, connection: Connection, actor: Actor, change: Change, problem: Mapping[str, Any]
    ) -> Outcome:
        """Reject a change without judging it, and keep it for its author."""
        push = _Push(self, connection, actor)
        outcome = push.reject(actor, change, problem)
        push.store()
        return outcome

    def tell(self, connection: Connection, actor: Actor, keys: Sequence[Key]) -> None:
        """Send records, or that they are gone, to the actor alone once more: her phone believes something else."""
        known = [key for key in keys if key[0] in self.kinds]
        if known:
            push = _Push(self, connection, actor)
            push.stage.load(known)
            for key in known:
                push.filing.tell(actor.person_id, key)
            push.store()

    def _alone(self, connection: Connection, actor: Actor, change: Change) -> Outcome:
        """One change by itself. Where the tables refuse what it would wake, that goes on waiting."""
        for wake in (True, False):
            try:
                with connection.begin_nested():
                    return _Push(self, connection, actor).run([change], wake=wake)[0]
            except (IntegrityError, DataError):
                log.exception("a change of %s was refused by the tables", change.collection)
        problem = Problem.INTERNAL.document("The database refused this change; it is kept.")
        return self.refuse(connection, actor, change, problem)


class _Push:
    """One push under way."""

    def __init__(self, door: Door, connection: Connection, actor: Actor, clock: Clock | None = None) -> None:
        self.connection, self.actor, self.now = connection, actor, door.now
        clock = clock or sequence.lock(connection, actor.tenant_id)
        self.stage = Stage(connection, door.kinds, clock, door.now())
        self.judge, self.filing = Judge(self.stage), Filing(self.stage)
        self.receipts = Receipts(connection, actor, ())
        self.waiting: dict[str, Held] = {}
        self.woken: set[str] = set()
        self.held_before: dict[str, dict[str, Change]] = {}

    def run(self, changes: Sequence[Change], *, wake: bool = True) -> list[Outcome]:
        """Judge and stage all changes, then write."""
        usable = [change for change in changes if reading.is_usable(change)]
        self.receipts = Receipts(self.connection, self.actor, (change.op_id for change in usable))
        self._load(usable)
        outcomes = [self._one(change) for change in changes]
        woken = self._wake() if wake else {}
        self.store()
        return [
            woken.get(outcome.op_id, outcome) if Status.HELD in (outcome.status, outcome.first) else outcome
            for outcome in outcomes
        ]

    def _load(self, changes: Iterable[Change]) -> None:
        """Load all that the changes name, at once."""
        self.stage.load_near({key for c in changes for key in ((c.collection, c.id), *self._parents(c))})

    def store(self) -> None:
        """Write what was staged."""
        ledger.store(self.stage, self.receipts.rows(self.now()))
        held.hold(self.connection, self.waiting.values())
        held.let_go(self.connection, self.actor.tenant_id, self.woken)

    def reject(self, actor: Actor, change: Change, problem: Mapping[str, Any]) -> Outcome:
        """The outcome of a refused change, which is kept for its author; it carries the truth where she may see it."""
        self._keep_write(actor, change, problem)
        outcome = Outcome(change.op_id, change.collection, change.id, Status.REJECTED, problem=problem)
        if not reading.is_usable(change):
            return outcome
        self.receipts.give(actor.person_id, change, outcome)
        return self._with_truth(actor, outcome)

    def _keep_write(self, actor: Actor, change: Change, problem: Mapping[str, Any]) -> None:
        if not actor.is_system:
            self._keep(actor, refusals.rejected_write(actor, change, problem, self.stage.now))

    def _keep(self, actor: Actor, keep: Change) -> None:
        """Put a record beside for its person, once: one that is there, or that she has put away, stays as it is."""
        if self.stage.row((keep.collection, keep.id)) is None:
            self._apply(system_actor(actor.tenant_id), keep)

    def _parents(self, change: Change) -> list[Key]:
        kind = self.stage.kinds.get(change.collection)
        return [key for key in kind.parent_ids(change.fields) if reading.is_id(key[1])] if kind else []

    def _one(self, change: Change) -> Outcome:
        if not reading.is_usable(change):
            return self.reject(self.actor, change, reading.fault_of(change))
        heard = self.receipts.heard(change)
        if heard is None:
            return self._new(change)
        return self._again(change, heard)

    def _new(self, change: Change) -> Outcome:
        try:
            return self._judged(self.actor, change)
        except Waits as waits:
            # a microsecond apart, so that changes of one push wake in the order in which they were sent
            due_at = self.stage.now + held.DEADLINE + timedelta(microseconds=len(self.waiting))
            self.waiting[change.op_id] = Held(waits.parent, self.actor, change, due_at)
            outcome = Outcome(change.op_id, change.collection, change.id, Status.HELD)
            self.receipts.give(self.actor.person_id, change, outcome)
            return outcome

    def _judged(self, actor: Actor, change: Change) -> Outcome:
        """Stage one change, or reject it so that it leaves no trace; raises Waits for a parent."""
        before = self.stage.overlay
        self.stage.overlay = before.copy()
        try:
            outcome = self._apply(actor, change)
        except SQLAlchemyError:
            raise
        except Exception as fault:
            self.stage.overlay = before
            if isinstance(fault, Waits):
                raise
            if isinstance(fault, Refused) and self._is_behind(actor, change):
                raise Waits(change.collection, change.id) from None
            return self.reject(actor, change, _problem_of(change, fault))
        self.receipts.give(actor.person_id, change, outcome)
        return outcome

    def _is_behind(self, actor: Actor, change: Change) -> bool:
        """Whether the record itself still waits, sent by the same person before: what she says of it waits behind it."""
        if self.stage.row((change.collection, change.id)) is not None:
            return False
        if actor.person_id not in self.held_before:
            self.held_before[actor.person_id] = held.sent_by(self.connection, actor)
        sent = self.held_before[actor.person_id] | {
            op_id: one.change for op_id, one in self.waiting.items() if one.actor.person_id == actor.person_id
        }
        earlier = takewhile(lambda op_id: op_id != change.op_id, sent)
        return any(
            (sent[op_id].collection, sent[op_id].id) == (change.collection, change.id)
            for op_id in earlier
            if op_id not in self.woken
        )

    def _again(self, change: Change, heard: Outcome) -> Outcome:
        """A repeated answer; what the phone must adopt is given as it stands now."""
        if heard.problem and heard.first is None:  # the op_id is another change's: that one's receipt stays
            self._keep_write(self.actor, change, heard.problem)
            return heard
        if heard.first is Status.HELD:  # its parent may be visible by now
            outcome = self._new(change)
            if outcome.status is not Status.HELD:
                self.woken.add(change.op_id)
            return replace(outcome, status=Status.REPEATED, first=outcome.status)
        if heard.first not in (Status.MERGED, Status.REJECTED):
            return heard
        return self._with_truth(self.actor, heard)

    def _with_truth(self, actor: Actor, outcome: Outcome) -> Outcome:
        """The outcome with the record as it stands, or deleted where there is none for this person to hold."""
        row = self._seen_by(actor.person_id, (outcome.collection, outcome.id))
        if row is None:
            return replace(outcome, deleted=True)
        return replace(outcome, seq=row.seq, record=row.record)

    def _apply(self, actor: Actor, change: Change, depth: int = 0) -> Outcome:
        verdict = self.judge.verdict(actor, change)
        row = self._file(actor, change, verdict)
        if verdict.merged.changed:
            self._follow(actor, verdict.write, depth)
            row = self.stage.row(row.key) or row
        as_sent = verdict.holds(row.record)
        return Outcome(
            change.op_id,
            change.collection,
            change.id,
            Status.APPLIED if as_sent else Status.MERGED,
            row.seq,
            deleted=row.record is None,
            record=None if as_sent else row.record,
            problem=verdict.problem,
        )

    def _file(self, actor: Actor, change: Change, verdict: Verdict) -> Row:
        """Stage the record itself, and keep beside it what the merge could not join."""
        key, merged = (change.collection, change.id), verdict.merged
        standing = self.stage.row(key)
        if merged.changed:
            self.filing.write(actor, key, verdict.write.after, merged.changed, verdict.forget)
        else:
            self.filing.refile(key)
        row = self.stage.row(key)
        assert row is not None, "a record without changes is one that was there"
        for keep in refusals.conflict_records(
            actor, change, standing or row, merged.conflicts, self.stage.now
        ):
            # who wrote the other text may no longer see this record; what she wrote stands in its history
            person_id = keep.fields["person_id"]
            if person_id == actor.person_id or self._seen_by(person_id, key):
                self._keep(actor, keep)
        return row

    def _follow(self, actor: Actor, write: Write, depth: int) -> None:
        """What the change brings about, done by the service itself in the same transaction."""
        if depth > DEEPEST_EFFECT:
            raise RecursionError(f"effects of {write.collection} {write.id} do not come to rest")
        for effect in self.stage.kinds[write.collection].effects(actor, write, self.stage):
            if isinstance(effect, Grant):
                self.filing.grant(effect)
            else:
                self._apply(system_actor(actor.tenant_id), effect, depth + 1)

    def _seen_by(self, person_id: str, key: Key) -> Row | None:
        """The live row, if this person may see it: no answer and no conflict must ever carry a foreign record."""
        row = self.stage.row(key)
        if row is None or row.record is None or row.scopes.isdisjoint(self.stage.scopes_of(person_id)):
            return None
        return row

    def _wake(self) -> dict[str, Outcome]:
        """Judge again what waited for the records that this push wrote; returns the new outcomes by op."""
        outcomes: dict[str, Outcome] = {}
        done: set[Key] = set()
        while fresh := self.stage.overlay.rows.keys() - done:
            done |= fresh
            stored = held.waiting_for(self.connection, self.actor.tenant_id, fresh)
            here = [one for one in self.waiting.values() if one.parent in fresh]
            waiting = {one.change.op_id: one for one in stored + here}
            self._load(one.change for one in waiting.values())
            for one in waiting.values():
                outcome = self._woken(one)
                if outcome is not None:
                    outcomes[one.change.op_id] = outcome
        return outcomes

    def _woken(self, one: Held) -> Outcome | None:
        try:
            outcome = self._judged(one.actor, one.change)
        except Waits as waits:
            self.waiting[one.change.op_id] = replace(one, parent=waits.parent)
            return None
        self.waiting.pop(one.change.op_id, None)
        self.woken.add(one.change.op_id)
        if outcome.status is Status.REJECTED:  # its phone may have taken "held" for an answer
            self.filing.tell(one.actor.person_id, (one.change.collection, one.change.id))
        return outcome


def _problem_of(change: Change, fault: Exception) -> dict[str, Any]:
    """Why a change was refused. A fault in a rule of ours must not block the phone for ever, so it refuses too."""
    if isinstance(fault, Refused):
        return fault.document()
    log.error("a change of %s could not be judged", change.collection, exc_info=fault)
    return Problem.INTERNAL.document("This change could not be judged; it is kept.")
