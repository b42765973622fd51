"""Pushes of one tenant that meet in this process go to PostgreSQL together: one transaction, one commit.

They would stand in line for the tenant's clock anyway. Who finds nobody at work works, for herself and those who came
meanwhile; then the next in line does, for all who came by then. Each hears what became of her own changes, after the
commit. Where a transaction fails that was shared, each is taken alone: nobody fails for another's fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event, Lock
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.errors import QueryCanceled
from sqlalchemy import exc

from schemas.problems import Refused
from schemas.sync import MOST_CHANGES
from service.accounts import admission
from service.accounts.tokens import Claims
from service.api.changes import Row
from service.api.devices import note_device
from service.api.transaction import Work
from sync.changes import Change, Outcome
from sync.server.inbox import Arrival

if TYPE_CHECKING:
    from service.api.services import Services

PATIENCE_S = 5.0
"""How long one stands in line before she goes to PostgreSQL by herself: no longer than a statement may take."""


@dataclass(slots=True, eq=False)
class Sent:
    """One phone's push: who sends what, and what becomes of it."""

    claims: Claims
    clock: datetime | None
    rows: Sequence[Row]
    raw: str
    outcomes: list[Outcome] = field(default_factory=list)
    fault: BaseException | None = None
    works: bool = False
    turn: Event = field(default_factory=Event)

    def answer(self) -> list[Outcome]:
        """Its outcomes; raises what it failed by."""
        if self.fault is not None:
            raise self.fault
        return self.outcomes


class Together:
    """The lines of this process, one for each tenant for which somebody is at work."""

    def __init__(self) -> None:
        self._lines: dict[UUID, list[Sent]] = {}
        self._mutex = Lock()

    def push(self, services: Services, sent: Sent) -> list[Outcome]:
        """Hand the rows to the door, with whoever else comes; the outcomes of these, once they are committed."""
        tenant_id = sent.claims.tenant_id
        with self._mutex:
            at_work = tenant_id in self._lines
            self._lines.setdefault(tenant_id, []).append(sent)
        if at_work and not sent.turn.wait(PATIENCE_S) and not self._is_next(sent):
            # who works may hang; what she took of ours and we send again is recognised by its op ids
            sent = Sent(sent.claims, sent.clock, sent.rows, sent.raw)
            take(services, [sent])
        elif not at_work or sent.works:
            self._work(services, tenant_id)
        return sent.answer()

    def _is_next(self, sent: Sent) -> bool:
        """Whether it is this one's turn after all; otherwise it leaves the line, and nobody waits for it."""
        with self._mutex:
            if sent.turn.is_set():
                return True
            line = self._lines.get(sent.claims.tenant_id, [])
            if sent in line:
                line.remove(sent)
            return False

    def _work(self, services: Services, tenant_id: UUID) -> None:
        """Take those who stand first in line, the caller among them, and then wake the next."""
        with self._mutex:
            taken = _first(self._lines[tenant_id])
            del self._lines[tenant_id][: len(taken)]
        try:
            take(services, taken)
        finally:
            with self._mutex:
                following = self._lines[tenant_id][:1]
                if not following:
                    del self._lines[tenant_id]
            for sent in following:
                sent.works = True
            for sent in (*following, *taken):
                sent.turn.set()


def take(services: Services, taken: Sequence[Sent]) -> None:
    """Hand the door what all of these sent, in one transaction; where that fails, each alone."""
    try:
        _take(services, taken)
    except BaseException as fault:
        for sent in taken:
            sent.fault = fault
        if len(taken) > 1 and not _is_nobodys(fault):
            for sent in taken:
                take(services, [sent])


def _is_nobodys(fault: BaseException) -> bool:
    """Whether PostgreSQL is away or busy, which it would be for each alone as well, one long wait after the other."""
    if isinstance(fault, exc.OperationalError) and isinstance(fault.orig, QueryCanceled):
        return False  # one of them may ask for too much
    return isinstance(fault, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)


def _take(services: Services, taken: Sequence[Sent]) -> None:
    tenant_id, now = taken[0].claims.tenant_id, services.now()
    questions = [admission.question(sent.claims, now) for sent in taken]
    with services.database.begin_asking(tenant_id, *questions) as (connection, sessions):
        let_in: list[tuple[Sent, Work]] = []
        for sent, rows in zip(taken, sessions, strict=True):
            sent.fault = None
            try:
                actor = admission.admit(connection, rows, sent.claims, now)
            except Refused as refused:
                sent.fault = refused
            else:
                let_in.append((sent, Work(services, connection, actor)))
        _push(let_in)


def _push(let_in: Sequence[tuple[Sent, Work]]) -> None:
    if not let_in:
        return
    for sent, work in let_in:
        note_device(work, sent.clock)
    arrivals = [Arrival(work.actor, _sound(sent.rows), sent.raw) for sent, work in let_in]
    work = let_in[0][1]
    answers = work.services.door.push_together(work.connection, arrivals)
    for (sent, work), answer in zip(let_in, answers, strict=True):
        outcomes = iter(answer)
        sent.outcomes = [next(outcomes) if row.problem is None else _refused(work, row) for row in sent.rows]


def _refused(work: Work, row: Row) -> Outcome:
    """The outcome of a row that is no change, under the op_id that it came with; what it said is kept."""
    assert row.problem is not None
    outcome = work.services.door.refuse(work.connection, work.actor, row.change, row.problem)
    return replace(outcome, op_id=row.said)


def _sound(rows: Sequence[Row]) -> list[Change]:
    return [row.change for row in rows if row.problem is None]


def _first(line: Sequence[Sent]) -> list[Sent]:
    """As many as the door takes at once, one at least."""
    count, changes = 0, 0
    for sent in line:
        changes += len(sent.rows)
        if count and changes > MOST_CHANGES:
            break
        count += 1
    return list(line[:count])
