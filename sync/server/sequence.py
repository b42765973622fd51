"""The tenant's clock: one row, taken first and held to the commit, so that numbers become visible in order.

A bare sequence loses rows for a polling reader: a later number can be visible before an earlier one is.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from sync.server.tables import clock

_LOCK = (
    select(clock.c.seq, clock.c.epoch, clock.c.horizon)
    .where(clock.c.tenant_id == bindparam("tenant"))
    .with_for_update()
)
_READ = select(clock.c.seq, clock.c.epoch, clock.c.horizon).where(clock.c.tenant_id == bindparam("tenant"))


@dataclass(slots=True)
class Sequence:
    """The clock inside one transaction: `seq` is the last number given out."""

    tenant_id: UUID
    seq: int
    epoch: int
    horizon: int

    def take(self, count: int = 1) -> int:
        """Take the next `count` numbers; returns the last of them."""
        self.seq += count
        return self.seq

    def store(self, connection: Connection) -> None:
        """Write the clock back; the numbers become visible with the commit."""
        connection.execute(update(clock).where(clock.c.tenant_id == self.tenant_id).values(seq=self.seq))


def lock(connection: Connection, tenant_id: UUID) -> Sequence:
    """Take the tenant's clock row for this transaction; a tenant's first write makes it."""
    row = connection.execute(_LOCK, {"tenant": tenant_id}).one_or_none()
    if row is None:
        connection.execute(insert(clock).values(tenant_id=tenant_id).on_conflict_do_nothing())
        row = connection.execute(_LOCK, {"tenant": tenant_id}).one()
    return Sequence(tenant_id, *row)


def read(connection: Connection, tenant_id: UUID) -> Sequence:
    """The clock as of now, not locked; a tenant without writes stands at its start."""
    row = connection.execute(_READ, {"tenant": tenant_id}).one_or_none()
    return Sequence(tenant_id, *(row or (1, 1, 0)))
