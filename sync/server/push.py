"""The one door: every write to a synced record, from a phone, the REST API, an import or a job, goes through `Door.push`.

    1. keep the raw push                  inbox
    2. take the tenant's clock row        sequence
    3. load what the changes name         stage      (all of this in one message: `underway`)
    4. for each change: heard before?     receipts
       judge it                           judge      (rights, merge, the kind's own rules)
       stage it, and what follows it      filing     (numbers, audiences, grants, effects)
       or keep it for its author          refusals   (rejected writes, conflicts)
    5. wake what waited for it            waiting
    6. write it all                       ledger
    7. tell who follows, if anybody does  following

A refused change leaves no trace in the stage and spoils no other. The caller commits; only then may the answer leave.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from schemas.problems import Problem, Refused
from sync.changes import Change, Outcome
from sync.clock import Now, system_now
from sync.server import inbox, moved
from sync.server.actor import Actor
from sync.server.following import Follower
from sync.server.inbox import Arrival
from sync.server.kind import Kinds
from sync.server.overlay import Key
from sync.server.statement import Question, go_back
from sync.server.underway import Push

MOST_CHANGES = 500
_SPOILT = (IntegrityError, DataError)
log = logging.getLogger(__name__)


class Door:
    """Takes changes for the kinds that it was given; `follower` hears of what was stored."""

    def __init__(self, kinds: Kinds, now: Now = system_now, follower: Follower | None = None) -> None:
        self.kinds, self.now, self.follower = kinds, now, follower

    def push(
        self, connection: Connection, actor: Actor, changes: Sequence[Change], raw: str | None = None
    ) -> list[Outcome]:
        """Take at most 500 changes in the transaction of `connection`; returns their outcomes in the same order.

        Never raises because of a change. `raw` is the request as it arrived, kept in the inbox.
        """
        arrival = Arrival(actor, changes, inbox.as_text(changes) if raw is None else raw)
        (outcomes,) = self.push_together(connection, [arrival])
        return outcomes

    def push_together(self, connection: Connection, arrivals: Sequence[Arrival]) -> list[list[Outcome]]:
        """`push` for several people of one tenant at once, 500 changes in all; the outcomes of each."""
        said = [(arrival.actor, change) for arrival in arrivals for change in arrival.changes]
        if len(said) > MOST_CHANGES:
            raise Refused(
                Problem.TOO_MANY_CHANGES,
                f"{len(said)} changes; send at most {MOST_CHANGES} at once.",
                extra={"limit": MOST_CHANGES},
            )
        kept = inbox.keep(connection, arrivals, self.now())
        outcomes = iter(self._together(connection, arrivals[0].actor.tenant_id, said, kept))
        answers = [[next(outcomes) for _ in arrival.changes] for arrival in arrivals]
        for arrival, answer in zip(arrivals, answers, strict=True):
            moved.note_known(connection, arrival.actor, answer)
        return answers

    def _together(
        self,
        connection: Connection,
        tenant_id: UUID,
        said: Sequence[tuple[Actor, Change]],
        kept: Sequence[Question],
    ) -> list[Outcome]:
        """All changes in one go, which is all but always possible."""
        try:
            return self._under_way(connection, tenant_id, said, [*kept, _SAVE]).run()
        except _SPOILT:  # the tables refused what our rules let pass: find the change that it was
            log.exception("a push was refused by the tables; taking its changes one by one")
            go_back(connection, _SAVED)
            return [self._alone(connection, actor, change) for actor, change in said]

    def _alone(self, connection: Connection, actor: Actor, change: Change) -> Outcome:
        """One change by itself. Where the tables refuse what it would wake, that goes on waiting."""
        for wake in (True, False):
            try:
                push = self._under_way(connection, actor.tenant_id, [(actor, change)], [_SAVE])
                return push.run(wake=wake)[0]
            except _SPOILT:
                log.exception("a change of %s was refused by the tables", change.collection)
                go_back(connection, _SAVED)
        problem = Problem.INTERNAL.document("The database refused this change; it is kept.")
        return self.refuse(connection, actor, change, problem)

    def _under_way(
        self,
        connection: Connection,
        tenant_id: UUID,
        said: Sequence[tuple[Actor, Change]] = (),
        first: Sequence[Question | str] = (),
    ) -> Push:
        return Push(
            self.kinds,
            self.now(),
            connection,
            said,
            tenant_id=tenant_id,
            first=first,
            follower=self.follower,
        )

    def refuse(
        self, connection: Connection, actor: Actor, change: Change, problem: Mapping[str, Any]
    ) -> Outcome:
        """Reject a change without judging it, and keep it for its author."""
        push = self._under_way(connection, actor.tenant_id)
        outcome = push.reject(actor, change, problem)
        push.store()
        return outcome

    def tell(self, connection: Connection, actor: Actor, keys: Sequence[Key]) -> None:
        """Send records, or that they are gone, to the actor alone once more: her phone believes something else."""
        known = [key for key in keys if key[0] in self.kinds]
        if known:
            push = self._under_way(connection, actor.tenant_id)
            push.stage.load(known)
            for key in known:
                push.filing.tell(actor.person_id, key)
            push.store()


# A push needs no RELEASE: the commit does it, and the next SAVEPOINT of this name hides the one before.
_SAVED = "push"
_SAVE = f"SAVEPOINT {_SAVED}"
