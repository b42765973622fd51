"""What an answer to a change does here: the change leaves the outbox, the truth moves on, later typing is set upon it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sync.changes import Outcome, Status
from sync.client.outbox import Outbox, Queued, Standing
from sync.client.rebase import rebase
from sync.client.replica import Replica, Stored
from sync.client.written import Written
from sync.clock import Now, stamp

REJECTED_WRITES = "rejected_writes"
"""The collection in which the server keeps what it refused, for its author."""


class Answers:
    """Takes outcomes. Callers hold the transaction."""

    def __init__(self, replica: Replica, outbox: Outbox, written: Written, now: Now) -> None:
        self._replica, self._outbox, self._written, self._now = replica, outbox, written, now

    def take(self, change: Queued, outcome: Outcome) -> Status:
        """What became of a change; returns what it first became, where the answer was a repetition."""
        became = _became(outcome)
        if change.deleted and outcome.deleted:  # it is gone, however that came about
            became = Status.APPLIED
        if became is Status.HELD:
            self._outbox.hold(change.op_id)
        elif became is Status.REJECTED:
            if outcome.seq is not None and outcome.record is not None:
                self._replica.adopt(change.collection, change.id, outcome.seq, outcome.record)
            self.refuse(change, outcome.problem or {})
        else:
            self._acknowledge(change, outcome)
        return became

    def _acknowledge(self, change: Queued, outcome: Outcome) -> None:
        before = self._replica.find(change.collection, change.id)
        self._adopt(change, outcome)
        self._written.note(change)
        self._outbox.drop(change.op_id)
        for later in self._outbox.of(change.collection, change.id):
            self._outbox.amend(_set_upon(later, change, outcome, before))
        self._replica.bury()

    def _adopt(self, change: Queued, outcome: Outcome) -> None:
        """Take the truth that an answer tells; without a record it says that the fields are stored as they were sent."""
        if outcome.seq is None:
            return
        record = outcome.record
        if record is None and not (outcome.deleted or change.deleted):
            stored = self._replica.find(change.collection, change.id)
            record = {**(stored.record if stored and stored.record else {"id": change.id}), **change.fields}
        self._replica.adopt(change.collection, change.id, outcome.seq, record)

    def refuse(self, change: Queued, problem: Mapping[str, Any]) -> None:
        """Keep a refused change with its reason; the record shows the server's truth again, and what was typed later.

        Where the record was never made, what was typed later cannot stand alone: it takes the refused fields along.
        """
        self._outbox.refuse(change, problem, stamp(self._now()))
        stored = self._replica.find(change.collection, change.id)
        missing = stored is None or stored.record is None
        for later in self._outbox.of(change.collection, change.id):
            if later.deleted and missing:
                self._outbox.drop(later.op_id)
            else:
                fields = {**change.fields, **later.fields} if missing and not later.deleted else later.fields
                self._outbox.amend(replace(later, base_seq=change.base_seq, fields=fields))
        self._replica.bury()

    def take_rejected_write(self, record: Mapping[str, Any]) -> None:
        """The server gave up on a change that it had held: it tells so in a record of its own."""
        change = self._outbox.find(str(record.get("op_id")))
        if change is not None and change.standing is Standing.HELD:
            self.refuse(
                change, {"type": f"/problems/{record.get('problem')}", "detail": record.get("detail")}
            )


def _became(outcome: Outcome) -> Status:
    if outcome.status is not Status.REPEATED:
        return outcome.status
    if outcome.first is not None:
        return outcome.first
    return Status.REJECTED if outcome.problem else Status.HELD if outcome.seq is None else Status.APPLIED


def _set_upon(later: Queued, change: Queued, outcome: Outcome, before: Stored | None) -> Queued:
    """Typing that followed a change, set upon its answer; where a merge met the same words, the old base shows it."""
    if outcome.record is None or outcome.seq is None:
        return replace(later, base_seq=outcome.seq)
    known = before.record if before and before.record and before.base_seq == change.base_seq else {}
    fields, clean = rebase(later.fields, {**known, **change.fields}, outcome.record)
    return replace(later, fields=fields, base_seq=outcome.seq if clean else change.base_seq)
