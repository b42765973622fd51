"""The tenant's clock: one row, taken first and held to the commit, so that numbers become visible in order.

A bare sequence loses rows for a polling reader: a later number can be visible before an earlier one is.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from sync.server.statement import Statement
from sync.server.tables import clock

_READ = Statement("SELECT seq, epoch, horizon FROM sync_clock WHERE tenant_id = :tenant")
_LOCK = Statement("SELECT seq, epoch, horizon FROM sync_clock WHERE tenant_id = :tenant FOR UPDATE")


@dataclass(slots=True)
class Sequence:
    """The clock inside one transaction: `seq` is the last number given out."""

    tenant_id: UUID
    seq: int
    epoch: int
    horizon: int


def lock(connection: Connection, tenant_id: UUID) -> Sequence:
    """Take the tenant's clock row for this transaction; a tenant's first write makes it."""
    row = _LOCK.row(connection, tenant=tenant_id)
    if row is None:
        connection.execute(insert(clock).values(tenant_id=tenant_id).on_conflict_do_nothing())
        row = _LOCK.row(connection, tenant=tenant_id)
    return Sequence(tenant_id, *row)


def read(connection: Connection, tenant_id: UUID) -> Sequence:
    """The clock as of now, not locked; a tenant without writes stands at its start."""
    row = _READ.row(connection, tenant=tenant_id)
    return Sequence(tenant_id, *(row or (1, 1, 0)))
