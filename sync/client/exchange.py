"""One sync: send what was typed, then read what is new, until neither is left. Each step is safe to lose and to repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sync.changes import Outcome, Record, Status
from sync.client.answers import REJECTED_WRITES, Answers
from sync.client.clock import Clock, complete, lacking
from sync.client.errors import ClientError, Declined
from sync.client.outbox import Outbox, Queued
from sync.client.replica import Replica, Row
from sync.client.reports import Progress, SyncReport
from sync.client.session import Session
from sync.client.store import Store
from sync.client.written import Writable, Written, writable

MOST_RESETS = 3
BAD_BATCH = frozenset({400, 413, 422})
"""The server could not read a push as a whole: it is cut in halves until the one change is found."""


@dataclass(slots=True)
class Exchange:
    """One sync under way. Callers hold the lock that keeps it alone; typing goes on meanwhile."""

    store: Store
    session: Session
    clock: Clock
    replica: Replica
    outbox: Outbox
    written: Written
    answers: Answers
    seen: Callable[[str, str], Record | None]
    progress: Progress
    batch: int
    page: int
    report: SyncReport = field(default_factory=SyncReport)
    tried: set[str] = field(default_factory=set)

    def run(self) -> SyncReport:
        """Push and pull, and again while something was typed meanwhile; raises Unreachable, SignInRequired or Declined."""
        again = True
        if self.replica.cursor is not None and self.outbox.next(1, self.tried):
            self._notice_restore()
        while again:
            self._push()
            again = not self._pull() or bool(self.outbox.next(1, self.tried))
        self.report.pending = self.outbox.count()
        return self.report

    def _notice_restore(self) -> None:
        """Read a page before anything is sent: a restored server's older records are no answers to what was typed since."""
        cursor = self.replica.cursor
        try:
            page = self._ask_page(cursor)
        except Declined as declined:
            if declined.document.get("restored") is True:
                self._reset(declined)
            return  # any other reset can wait: what was typed goes out first, with its base
        self._take_page(page, cursor)

    def _push(self) -> None:
        size = self.batch
        self._complete_moments()
        while changes := self._freeze(size):
            said = {"changes": [change.document() for change in changes]}
            try:
                answer = self.session.ask("POST", "/v1/sync/push", said)
            except Declined as declined:
                if declined.status not in BAD_BATCH:
                    raise
                size = self._divide(changes, declined)
            else:
                self._take_outcomes(changes, answer)

    def _complete_moments(self) -> None:
        """What was typed before anybody knew what this clock is off by leaves the phone with the offset beside it."""
        if self.clock.reading is None and lacking(self.outbox, self.seen):
            with suppress(Declined):  # any answer tells the time
                self.session.fetch("/health")
        with self.store.transaction():
            complete(self.clock, self.outbox, lacking(self.outbox, self.seen))

    def _freeze(self, size: int) -> list[Queued]:
        with self.store.transaction():
            changes = self.outbox.freeze(size, self.tried)
        self.tried |= {change.op_id for change in changes}
        return changes

    def _divide(self, changes: Sequence[Queued], declined: Declined) -> int:
        """The size of the next try. A change that is refused all alone is kept with the reason: it must not block the rest."""
        if len(changes) > 1:
            self.tried -= {change.op_id for change in changes}
            return len(changes) // 2
        outcome = Outcome(
            changes[0].op_id, changes[0].collection, changes[0].id, Status.REJECTED, problem=declined.document
        )
        self._settle({changes[0].op_id: outcome}, changes)
        return 1

    def _take_outcomes(self, changes: Sequence[Queued], answer: Mapping[str, Any]) -> None:
        outcomes = [_outcome(said) for said in answer.get("outcomes", ())]
        self._settle({outcome.op_id: outcome for outcome in outcomes if outcome is not None}, changes)

    def _settle(self, outcomes: Mapping[str, Outcome], changes: Sequence[Queued]) -> None:
        """Take a batch of answers in one step; what got none stays as it was sent."""
        with self.store.transaction():
            for change in changes:
                if outcome := outcomes.get(change.op_id):
                    self.report.count(outcome, self.answers.take(change, outcome))
        self.report.pushed += len(changes)
        self.progress(self.report)

    def _pull(self) -> bool:
        """Read to the end; False when the server asked to begin again instead."""
        more = True
        while more:
            cursor = self.replica.cursor
            try:
                page = self._ask_page(cursor)
            except Declined as declined:
                if declined.slug not in ("sync-reset-required", "invalid-cursor"):
                    raise
                self._reset(declined)
                return False
            more = self._take_page(page, cursor)
        return True

    def _ask_page(self, cursor: str | None) -> Mapping[str, Any]:
        return self.session.ask("POST", "/v1/sync/pull", {"cursor": cursor, "limit": self.page})

    def _take_page(self, page: Mapping[str, Any], cursor: str | None) -> bool:
        rows = [_row(said) for said in page["changes"]]
        if page["more"] and page["cursor"] == cursor:
            raise ClientError("The server says that there is more, and does not move on.")
        with self.store.transaction():
            if self.replica.take_page(rows, page["cursor"], page["more"]):
                self.written.prune()
            for row in rows:
                if row.collection == REJECTED_WRITES and row.record is not None:
                    self.answers.take_rejected_write(row.record)
        self.report.pulled += len(rows)
        self.progress(self.report)
        return bool(page["more"])

    def _reset(self, declined: Declined) -> None:
        """Nothing typed is lost: the queue goes out again without base, then everything is read from the start.

        A server restored from a backup also forgot what it had acknowledged: that is queued once more.
        """
        self.report.resets += 1
        if self.report.resets > MOST_RESETS:
            raise declined
        restored = declined.document.get("restored") is True
        schema = self.session.ask("GET", "/v1/sync/schema/native") if restored else None
        with self.store.transaction():
            self.replica.begin_again()
            self.outbox.unbase()
            if schema is not None:
                self._send_again(writable(schema))

    def _send_again(self, to: Writable) -> None:
        self.written.send_again(self.replica, self.outbox, self.store.setting("person_id") or "", to)
        # changes of records that the server had forgotten, refused a moment ago
        self.outbox.take_back(self.tried, "not-found")


def _row(said: Mapping[str, Any]) -> Row:
    return Row(
        said["collection"], said["id"], said.get("seq") or 0, None if said["deleted"] else said["record"]
    )


def _outcome(said: Mapping[str, Any]) -> Outcome | None:
    """An outcome in words that this client knows; None for others: the change stays, a later client will understand."""
    try:
        return Outcome(
            said["op_id"],
            said["collection"],
            said["id"],
            Status(said["status"]),
            said.get("seq"),
            deleted=bool(said.get("deleted")),
            record=said.get("record"),
            problem=said.get("problem"),
            first=Status(said["first"]) if said.get("first") else None,
        )
    except (KeyError, ValueError):
        return None
