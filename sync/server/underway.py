"""A push under way: what it needs is asked in one message, each change is judged and staged, and all of it is written.

Several people's pushes that met may be under way as one: each change is its own person's, whoever else's lies beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from schemas.problems import Problem, Refused
from sync.changes import Change, Outcome, Status
from sync.server import held, ledger, reading, receipts, refusals, sequence, stage
from sync.server.actor import Actor, system_actor
from sync.server.filing import Filing
from sync.server.following import Follower, Happened
from sync.server.held import Held
from sync.server.judge import Judge, Verdict, Waits
from sync.server.kind import Grant, Kinds, Noted, Write
from sync.server.overlay import Key, Row
from sync.server.receipts import Receipts
from sync.server.sequence import Sequence as Clock
from sync.server.stage import Stage
from sync.server.statement import Question, ask
from sync.server.waiting import Waiting

DEEPEST_EFFECT = 8
log = logging.getLogger(__name__)


class Push:
    """One push under way, under the tenant's clock, which it takes."""

    def __init__(
        self,
        kinds: Kinds,
        now: datetime,
        connection: Connection,
        said: Sequence[tuple[Actor, Change]],
        *,
        tenant_id: UUID,
        first: Sequence[Question | str] = (),
        follower: Follower | None = None,
    ) -> None:
        """`first` goes ahead of all else in its first message, before the clock is taken."""
        self.said, self.follower = said, follower
        self.happened: list[Happened] = []
        usable = [change for _, change in said if reading.is_usable(change)]
        digests = {change.op_id: change.payload for change in usable}  # made while nobody waits for the clock
        self._all_usable = len(usable) == len(said)
        keys, people = _keys(kinds, usable), sorted({actor.person_id for actor, _ in said})
        asked = (
            receipts.question(tenant_id, digests),
            stage.question(tenant_id, keys),
            held.question(tenant_id, keys),
            *(stage.question_of_scopes(tenant_id, person_id) for person_id in people),
            *([follower.question(tenant_id)] if follower else ()),
        )
        clock, (heard, rows, waiting, *scopes) = _opened(connection, tenant_id, first, asked)
        self._follows = scopes.pop() if follower else []
        self.stage = Stage(connection, kinds, clock, now)
        self.stage.take(keys, rows)
        for person_id, found in zip(people, scopes, strict=True):
            self.stage.take_scopes(person_id, found)
        self.stage.load_near(keys)
        self.judge, self.filing = Judge(self.stage), Filing(self.stage)
        self.receipts = Receipts(heard)
        self.waiting = Waiting(connection, tenant_id)
        self.waiting.take(keys, waiting)

    def run(self, *, wake: bool = True) -> list[Outcome]:
        """Judge and stage all changes, then write; the outcomes in their order."""
        outcomes = [self._one(actor, change) for actor, change in self.said]
        woken = self._wake() if wake else {}
        self.store()
        return [
            woken.get(outcome.op_id, outcome) if Status.HELD in (outcome.status, outcome.first) else outcome
            for outcome in outcomes
        ]

    def store(self) -> None:
        """Write what was staged."""
        ledger.store(self.stage, self.receipts.rows(self.stage.now))
        self.waiting.store()
        if self.follower and self._follows and self.happened:
            where = (self.stage.connection, self.stage.sequence.tenant_id)
            self.follower.hear(*where, self._follows, self.happened, self.stage.now)
        if note := self.stage.kinds.note:
            for actor, noted in self.stage.overlay.noted:
                note(self.stage.connection, actor.tenant_id, actor, noted.act, noted.about, self.stage.now)

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

    def _one(self, actor: Actor, change: Change) -> Outcome:
        if not (self._all_usable or reading.is_usable(change)):
            return self.reject(actor, change, reading.fault_of(change))
        heard = self.receipts.heard(actor, change)
        if heard is None:
            return self._new(actor, change)
        return self._again(actor, change, heard)

    def _new(self, actor: Actor, change: Change) -> Outcome:
        try:
            return self._judged(actor, change)
        except Waits as waits:
            self.waiting.hold(actor, change, waits.parent, self.stage.now)
            outcome = Outcome(change.op_id, change.collection, change.id, Status.HELD)
            self.receipts.give(actor.person_id, change, outcome)
            return outcome

    def _judged(self, actor: Actor, change: Change) -> Outcome:
        """Stage one change, or reject it so that it leaves no trace; raises Waits for a parent."""
        before, happened = self.stage.overlay.mark(), len(self.happened)
        try:
            outcome = self._apply(actor, change)
        except SQLAlchemyError:
            raise
        except Exception as fault:
            self.stage.overlay.back_to(before)
            del self.happened[happened:]
            if isinstance(fault, Waits):
                raise
            if isinstance(fault, Refused) and self._is_behind(actor, change):
                raise Waits(change.collection, change.id) from None
            return self.reject(actor, change, _problem_of(change, fault))
        self.receipts.give(actor.person_id, change, outcome)
        return outcome

    def _is_behind(self, actor: Actor, change: Change) -> bool:
        """Whether the record is not there yet, but on its way."""
        unknown = self.stage.row((change.collection, change.id)) is None
        return unknown and self.waiting.is_behind(actor, change)

    def _again(self, actor: Actor, change: Change, heard: Outcome) -> Outcome:
        """A repeated answer; what the phone must adopt is given as it stands now."""
        if heard.problem and heard.first is None:  # the op_id is another change's: that one's receipt stays
            self._keep_write(actor, change, heard.problem)
            return heard
        if heard.first is Status.HELD:  # its parent may be visible by now
            outcome = self._new(actor, change)
            if outcome.status is not Status.HELD:
                self.waiting.woken.add(change.op_id)
            return replace(outcome, status=Status.REPEATED, first=outcome.status)
        if heard.first not in (Status.MERGED, Status.REJECTED):
            return heard
        return self._with_truth(actor, heard)

    def _with_truth(self, actor: Actor, outcome: Outcome) -> Outcome:
        """The outcome with the record as it stands, or deleted where there is none for this person to hold."""
        if outcome.collection in actor.hidden:
            return outcome
        row = self._seen_by(actor.person_id, (outcome.collection, outcome.id))
        if row is None:
            return replace(outcome, deleted=True)
        return replace(outcome, seq=row.seq, record=row.record)

    def _apply(self, actor: Actor, change: Change, depth: int = 0) -> Outcome:
        verdict = self.judge.verdict(actor, change)
        row = self._file(actor, change, verdict)
        if verdict.merged.changed:
            self.happened.append(Happened(verdict.write, row.seq))
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
            elif isinstance(effect, Noted):
                self.stage.overlay.noted.append((actor, effect))
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
            waiting = self.waiting.for_parents(fresh)
            self.stage.load_near(_keys(self.stage.kinds, (one.change for one in waiting)))
            for one in waiting:
                outcome = self._woken(one)
                if outcome is not None:
                    outcomes[one.change.op_id] = outcome
        return outcomes

    def _woken(self, one: Held) -> Outcome | None:
        try:
            outcome = self._judged(one.actor, one.change)
        except Waits as waits:
            self.waiting.wait_on(one, waits.parent)
            return None
        self.waiting.wake(one)
        if outcome.status is Status.REJECTED:  # its phone may have taken "held" for an answer
            self.filing.tell(one.actor.person_id, (one.change.collection, one.change.id))
        return outcome


def _opened(
    connection: Connection, tenant_id: UUID, first: Sequence[Question | str], asked: Sequence[Question]
) -> tuple[Clock, list[list[Any]]]:
    """The tenant's clock, taken, and what was then asked, in one message."""
    clock, *answers = ask(connection, *first, sequence.question(tenant_id), *asked)
    if not clock:  # what was asked was not asked under a clock
        sequence.make(connection, tenant_id)
        clock, *answers = ask(connection, sequence.question(tenant_id), *asked)
    return sequence.taken(tenant_id, clock), answers


def _keys(kinds: Kinds, changes: Iterable[Change]) -> set[Key]:
    """All that the changes name: their records and those records' parents."""
    return {key for change in changes for key in ((change.collection, change.id), *_parents(kinds, change))}


def _parents(kinds: Kinds, change: Change) -> list[Key]:
    kind = kinds.get(change.collection)
    return [key for key in kind.parent_ids(change.fields) if reading.is_id(key[1])] if kind else []


def _problem_of(change: Change, fault: Exception) -> dict[str, Any]:
    """Why a change was refused. A fault in a rule of ours must not block the phone for ever, so it refuses too."""
    if isinstance(fault, Refused):
        return fault.document()
    log.error("a change of %s could not be judged", change.collection, exc_info=fault)
    return Problem.INTERNAL.document("This change could not be judged; it is kept.")
