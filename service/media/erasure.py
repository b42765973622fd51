"""Takes away what nobody may keep: every object, version and begun upload of records that were deleted or run out.

Deleted records are followed in the order of the tenant's clock: how far is kept here, so that each is met once, however
long the store was away. Safe to be stopped at any point and begun anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Uuid, and_, func, select, true
from sqlalchemy.dialects.postgresql import insert

from service.database import Database
from service.media import record as records
from service.media.reasons import WITHDRAWN
from service.media.record import ABANDONED, COLLECTION, DELETED, EXPIRING, prefix
from service.media.store import Store
from sync.server.push import Door
from sync.server.tables import document, entry

BATCH = 100
_NOTHING: Mapping[str, Any] = {
    "renditions": [],
    "captions": [],
    "placeholder": None,
}

metadata = MetaData()
erased = Table(
    "media_erased",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("seq", BigInteger, nullable=False),  # of the last deletion that was followed
    info={"dist": "tenant"},
)


def erase(database: Database, door: Door, store: Store, tenant_id: UUID) -> bool:
    """Erase what is due in this tenant, a batch at most; True when there may be more."""
    more = _follow_deletions(database, store, tenant_id)
    with database.begin(tenant_id) as connection:
        due = _due(connection, door, tenant_id)
    for media_id in due:
        store.erase_below(prefix(tenant_id, media_id))
        with database.begin(tenant_id) as connection:
            _say_so(connection, door, tenant_id, media_id)
    return more or len(due) == BATCH


def _follow_deletions(database: Database, store: Store, tenant_id: UUID) -> bool:
    with database.begin(tenant_id) as connection:
        gone = _deleted(connection, tenant_id)
    for media_id in dict.fromkeys(media_id for media_id, _ in gone):
        store.erase_below(prefix(tenant_id, media_id))
    if gone:
        with database.begin(tenant_id) as connection:
            _followed(connection, tenant_id, max(seq for _, seq in gone))
    return len(gone) == BATCH


def _deleted(connection: Connection, tenant_id: UUID) -> list[tuple[str, int]]:
    """Deleted records in the order in which they left their scopes."""
    mark = select(func.coalesce(func.max(erased.c.seq), 0)).where(erased.c.tenant_id == tenant_id)
    its = and_(
        document.c.tenant_id == entry.c.tenant_id,
        document.c.collection == entry.c.collection,
        document.c.record_id == entry.c.record_id,
    )
    query = (
        select(entry.c.record_id, entry.c.seq)
        .join(document, its)
        .where(entry.c.tenant_id == tenant_id, document.c.tenant_id == tenant_id)
        .where(entry.c.removed, entry.c.seq > mark.scalar_subquery())
        .where(entry.c.collection == COLLECTION, document.c.deleted == true())
        .order_by(entry.c.seq)
        .limit(BATCH)
    )
    return [(row.record_id, row.seq) for row in connection.execute(query)]


def _followed(connection: Connection, tenant_id: UUID, seq: int) -> None:
    row = insert(erased).values(tenant_id=tenant_id, seq=seq)
    further = {"seq": func.greatest(erased.c.seq, row.excluded.seq)}
    connection.execute(row.on_conflict_do_update(index_elements=[erased.c.tenant_id], set_=further))


def _due(connection: Connection, door: Door, tenant_id: UUID) -> list[str]:
    """Records whose time is over, and uploads that were given up because consent was withdrawn."""
    table = door.kinds[COLLECTION].table.c
    stopped = and_(table.state == ABANDONED, table.consent_withdrawn_at.is_not(None), table.reason.is_(None))
    query = select(table.id).where(table.tenant_id == tenant_id, (table.state == EXPIRING) | stopped)
    return list(connection.execute(query.order_by(table.id).limit(BATCH)).scalars())


def _say_so(connection: Connection, door: Door, tenant_id: UUID, media_id: str) -> None:
    """Nothing when it was deleted meanwhile."""
    media = records.read(connection, tenant_id, media_id)
    if media is None:
        return
    why = {"reason": WITHDRAWN} if media.consent_withdrawn else {}
    if media.state == EXPIRING:
        records.move(connection, door, media, DELETED, {**_NOTHING, **why})
    else:
        records.tell(connection, door, tenant_id, media_id, why)
