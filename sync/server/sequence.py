"""The tenant's clock: one row, taken first and held to the commit, so that numbers become visible in order.

A bare sequence loses rows for a polling reader: a later number can be visible before an earlier one is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from sync.server.statement import Question, Statement, ask
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


def question(tenant_id: UUID) -> Question:
    """What takes the tenant's clock row for this transaction; it answers nothing before the tenant's first write."""
    return _LOCK, {"tenant": tenant_id}


def taken(tenant_id: UUID, rows: list[Any]) -> Sequence:
    """The clock by the answer to `question`."""
    return Sequence(tenant_id, *rows[0])


def make(connection: Connection, tenant_id: UUID) -> None:
    """Give a tenant its clock, unless somebody just did."""
    connection.execute(insert(clock).values(tenant_id=tenant_id).on_conflict_do_nothing())


def lock(connection: Connection, tenant_id: UUID) -> Sequence:
    """Take the tenant's clock row for this transaction; a tenant's first write makes it."""
    (rows,) = ask(connection, question(tenant_id))
    if not rows:
        make(connection, tenant_id)
        (rows,) = ask(connection, question(tenant_id))
    return taken(tenant_id, rows)


def read(connection: Connection, tenant_id: UUID) -> Sequence:
    """The clock as of now, not locked; a tenant without writes stands at its start."""
    row = _READ.row(connection, tenant=tenant_id)
    return Sequence(tenant_id, *(row or (1, 1, 0)))
