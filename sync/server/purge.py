"""What is thrown away with time, a batch at a time: tombstones that every phone has read, old receipts, raw pushes and words.

A tombstone is an entry that says "this left the scope". It may go when it is old and every device that lives has read past it;
`horizon` then tells whoever comes with an older cursor to begin again. The horizon is raised first and what lies below it
goes in a later transaction, so that no pull that was let in misses a tombstone. The row of a deleted document stays: its id
is what keeps a phone's old edit from bringing it back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from sync.server import sequence
from sync.server.tables import clock, device, entry, history, inbox, mark, membership, receipt, sent

TOMBSTONES_LAST = timedelta(days=180)
DEVICES_LAST = timedelta(days=400)
RECEIPTS_LAST = timedelta(days=430)
"""A phone may be away for a year, and then repeat what it had sent."""
INBOX_LASTS = timedelta(days=30)
HISTORY_LASTS = timedelta(days=730)
BATCH = 5_000
INBOX_BATCH = 500
"""Raw pushes are large."""
_DAY = timedelta(days=1)


def mark_clock(connection: Connection, tenant_id: UUID, now: datetime) -> None:
    """Note where the clock stands, once a day: from these marks it is known later how old a number is."""
    newest = select(func.max(mark.c.at)).where(mark.c.tenant_id == tenant_id)
    last: datetime | None = connection.scalar(newest)
    if last is None or now - last >= _DAY:
        row = {"tenant_id": tenant_id, "at": now, "seq": sequence.read(connection, tenant_id).seq}
        connection.execute(insert(mark).values(row))


def raise_horizon(connection: Connection, tenant_id: UUID, now: datetime) -> bool:
    """Let the horizon rise to the newest tombstone that may go; False where there is none."""
    limit = _read_by_all(connection, tenant_id, now)
    if limit is None:
        return False
    gone = (entry.c.tenant_id == tenant_id) & entry.c.removed & (entry.c.seq <= limit)
    newest: int | None = connection.scalar(select(func.max(entry.c.seq)).where(gone))
    this = (clock.c.tenant_id == tenant_id) & (clock.c.horizon < (newest or 0))
    raised = connection.execute(update(clock).where(this).values(horizon=newest)) if newest else None
    return raised is not None and raised.rowcount == 1


def tombstones(connection: Connection, tenant_id: UUID) -> bool:
    """Delete tombstones below the horizon; True when there may be more."""
    horizon = sequence.read(connection, tenant_id).horizon
    key = (entry.c.scope_id, entry.c.collection, entry.c.record_id)
    gone = entry.c.removed & (entry.c.seq <= horizon) & ~_due_in_a_block(tenant_id, horizon)
    return _delete(connection, entry, key, tenant_id, gone, entry.c.seq, BATCH)


def _due_in_a_block(tenant_id: UUID, horizon: int) -> ColumnElement[bool]:
    """Somebody entered or left the scope since: phones past the horizon may still be told under the block's numbers."""
    since = membership.c.base + membership.c.len > horizon
    return exists().where(
        membership.c.tenant_id == tenant_id, membership.c.scope_id == entry.c.scope_id, since
    )


def receipts(connection: Connection, tenant_id: UUID, now: datetime) -> bool:
    """Delete receipts older than 430 days; True when there may be more."""
    old = receipt.c.at < now - RECEIPTS_LAST
    return _delete(connection, receipt, (receipt.c.op_id,), tenant_id, old, receipt.c.op_id, BATCH)


def raw_pushes(connection: Connection, tenant_id: UUID, now: datetime) -> bool:
    """Delete raw pushes older than 30 days; True when there may be more."""
    old = inbox.c.at < now - INBOX_LASTS
    return _delete(connection, inbox, (inbox.c.id,), tenant_id, old, inbox.c.at, INBOX_BATCH)


def unread_words(connection: Connection, tenant_id: UUID, now: datetime) -> bool:
    """Forget what devices sent that were not heard of for 400 days; True when there may be more."""
    heard = (device.c.device_id == sent.c.device_id) & (device.c.last_seen_at > now - DEVICES_LAST)
    lost = ~exists().where(device.c.tenant_id == tenant_id, heard)
    key = (sent.c.device_id, sent.c.collection, sent.c.record_id)
    return _delete(connection, sent, key, tenant_id, lost, sent.c.device_id, BATCH)


def old_words(connection: Connection, tenant_id: UUID, now: datetime) -> bool:
    """Empty versions older than two years; True when there may be more. Their rows stay: a base that lay there is unknown."""
    table = history.c
    old = (table.tenant_id == tenant_id) & (table.at < now - HISTORY_LASTS) & table.body.is_not(None)
    key = (table.collection, table.record_id, table.seq)
    some = select(*key).where(old).limit(BATCH)
    emptied = connection.execute(
        update(history).where(table.tenant_id == tenant_id, tuple_(*key).in_(some)).values(body=None)
    )
    return emptied.rowcount == BATCH


def _read_by_all(connection: Connection, tenant_id: UUID, now: datetime) -> int | None:
    """The number up to which everything is 180 days old and read by every device heard of in the last 400 days."""
    old = select(func.max(mark.c.seq)).where(
        mark.c.tenant_id == tenant_id, mark.c.at <= now - TOMBSTONES_LAST
    )
    aged: int | None = connection.scalar(old)
    # a device that says what it asked from surely holds only that much
    holds = func.coalesce(func.nullif(device.c.pull_base, 0), device.c.pull_cursor)
    living = (device.c.last_seen_at > now - DEVICES_LAST) & (holds > 0)
    least = select(func.min(holds)).where(device.c.tenant_id == tenant_id, living)
    slowest: int | None = connection.scalar(least)
    return aged if slowest is None or aged is None else min(aged, slowest)


def _delete(
    connection: Connection,
    table: Table,
    key: tuple[Any, ...],
    tenant_id: UUID,
    which: Any,
    order: Any,
    batch: int,
) -> bool:
    ours = table.c.tenant_id == literal(tenant_id)
    some = select(*key).where(ours, which).order_by(order).limit(batch)
    gone = connection.execute(delete(table).where(ours, which, tuple_(*key).in_(some)))
    return gone.rowcount == batch
