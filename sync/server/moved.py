"""How far a transaction moved its tenant's clock, and who need not be told: for whoever tells listeners after the commit.

The door notes it on the connection, as the transaction's other users (views, jobs) are not to be asked to remember.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from sync.changes import Outcome, Status
from sync.server.actor import Actor

_MOVED = "how far the clock moved"


@dataclass(slots=True)
class Moved:
    """The numbers after `since` up to `seq` were taken; `known` holds those that somebody knows of already (`whose`)."""

    since: int
    seq: int
    known: dict[str, set[int]] = field(default_factory=dict)

    @property
    def leave_out(self) -> str | None:
        """To whom (`whose`) all of this is no news: every number was given to a change that was stored as it was sent."""
        taken = set(range(self.since + 1, self.seq + 1)) if self.seq - self.since <= 500 else set()
        return next((who for who, numbers in self.known.items() if taken and taken <= numbers), None)


def whose(person_id: str, device_id: str) -> str:
    """A person on a device: two who share a tablet have each a copy of their own on it, and the other one knows nothing."""
    return f"{person_id}/{device_id}"


def note(connection: Connection, since: int, seq: int) -> None:
    """The transaction takes the numbers after `since` up to `seq`."""
    moved = of(connection)
    if moved is None:
        connection.info[_MOVED] = Moved(since, seq)
    else:
        moved.seq = seq


def note_known(connection: Connection, actor: Actor, outcomes: Sequence[Outcome]) -> None:
    """The actor's device holds what was stored as it was sent."""
    moved = of(connection)
    if moved is not None:
        numbers = {o.seq for o in outcomes if o.status is Status.APPLIED and o.seq and o.seq > moved.since}
        moved.known.setdefault(whose(actor.person_id, actor.device_id), set()).update(numbers)


def of(connection: Connection) -> Moved | None:
    """What this transaction has taken so far; None when nothing."""
    moved = connection.info.get(_MOVED)
    return moved if isinstance(moved, Moved) else None


def forget(connection: Connection) -> None:
    """A transaction begins: what an earlier one noted on its connection is past."""
    connection.info.pop(_MOVED, None)
