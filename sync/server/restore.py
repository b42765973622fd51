"""After a restore from a backup: a new life begins, in which no number of the lost one is ever used again.

Every cursor that a phone holds is answered with a reset, and phones send again what they hold: so what was acknowledged
after the backup was made comes back, as far as any phone still has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, update

from sync.server import moved, sequence
from sync.server.tables import clock

APART = 1_000_000_000
"""At least so many numbers lie between two lives."""


@dataclass(frozen=True, slots=True)
class Life:
    """What began: its epoch, and the number at which its clock starts, which is its horizon too."""

    epoch: int
    seq: int


def begin_new_life(connection: Connection, tenant_id: UUID, now: datetime) -> Life:
    """Raise the tenant's epoch, clock and horizon, in the transaction of `connection`.

    Both follow the time, so that the same old backup restored twice does not begin the same life twice: the clock starts at
    least 10^9 further on and never below the microseconds since 1970, faster than any life can count.
    """
    before = sequence.lock(connection, tenant_id)
    moment = int(now.timestamp() * 1_000_000)
    life = Life(max(before.epoch + 1, moment // 1_000_000), max(before.seq + APART, moment))
    values = {"epoch": life.epoch, "seq": life.seq, "horizon": life.seq}
    connection.execute(update(clock).where(clock.c.tenant_id == tenant_id).values(values))
    moved.note(connection, before.seq, life.seq)
    return life
