"""The one door: every write to a synced record, from a phone, the REST API, an import or a job, goes through `Door.push`.

    1. take the tenant's clock row        sequence
    2. load what the changes name         stage      (both, and what was heard or waits, asked in one message: `underway`)
    3. for each change: heard before?     receipts
       judge it                           judge      (rights, merge, the kind's own rules)
       stage it, and what follows it      filing     (numbers, audiences, grants, effects)
       or keep it for its author          refusals   (rejected writes, conflicts)
    4. wake what waited for it            waiting
    5. write it all, and the raw push     ledger, inbox

A refused change leaves no trace in the stage and spoils no other. The caller commits; only then may the answer leave.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from schemas.problems import Problem, Refused
from sync.changes import Change, Outcome
from sync.clock import Now, system_now
from sync.server import inbox, moved
from sync.server.actor import Actor
from sync.server.inbox import Arrived
from sync.server.kind import Kinds
from sync.server.overlay import Key
from sync.server.statement import go_back
from sync.server.underway import Push

MOST_CHANGES = 500
_SPOILT = (IntegrityError, DataError)
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
        arrived = Arrived(actor, inbox.as_text(changes) if raw is None else raw, self.now())
        outcomes = self._together(connection, actor, changes, arrived)
        moved.note_known(connection, actor, outcomes)
        return outcomes

    def _together(
        self, connection: Connection, actor: Actor, changes: Sequence[Change], arrived: Arrived
    ) -> list[Outcome]:
        """All changes in one go, which is all but always possible."""
        try:
            return Push(self.kinds, self.now(), connection, actor, changes, first=_SAVE).run(arrived)
        except _SPOILT:  # the tables refused what our rules let pass: find the change that it was
            log.exception("a push was refused by the tables; taking its changes one by one")
            go_back(connection, _SAVED)
            inbox.keep(connection, arrived)
            return [self._alone(connection, actor, change) for change in changes]

    def _alone(self, connection: Connection, actor: Actor, change: Change) -> Outcome:
        """One change by itself. Where the tables refuse what it would wake, that goes on waiting."""
        for wake in (True, False):
            try:
                return Push(self.kinds, self.now(), connection, actor, [change], first=_SAVE).run(wake=wake)[
                    0
                ]
            except _SPOILT:
                log.exception("a change of %s was refused by the tables", change.collection)
                go_back(connection, _SAVED)
        problem = Problem.INTERNAL.document("The database refused this change; it is kept.")
        return self.refuse(connection, actor, change, problem)

    def refuse(
        self, connection: Connection, actor: Actor, change: Change, problem: Mapping[str, Any]
    ) -> Outcome:
        """Reject a change without judging it, and keep it for its author."""
        push = Push(self.kinds, self.now(), connection, actor)
        outcome = push.reject(actor, change, problem)
        push.store()
        return outcome

    def tell(self, connection: Connection, actor: Actor, keys: Sequence[Key]) -> None:
        """Send records, or that they are gone, to the actor alone once more: her phone believes something else."""
        known = [key for key in keys if key[0] in self.kinds]
        if known:
            push = Push(self.kinds, self.now(), connection, actor)
            push.stage.load(known)
            for key in known:
                push.filing.tell(actor.person_id, key)
            push.store()


# A push needs no RELEASE: the commit does it, and the next SAVEPOINT of this name hides the one before.
_SAVED = "push"
_SAVE = f"SAVEPOINT {_SAVED}"
