"""The questions that the live process asks PostgreSQL, each in a transaction of one tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Connection, Text, Uuid, bindparam, text

from service.records import KINDS
from sync.server import sequence

ALL = tuple(KINDS)

# As a pull asks, for many people at once: which of their scopes moved, then which collections moved in those.
_MOVED = text("""
WITH mine AS MATERIALIZED (
  SELECT m.person_id, m.scope_id, m.base + m.len > :since AS block
    FROM sync_membership m JOIN sync_scope s ON s.tenant_id = m.tenant_id AND s.scope_id = m.scope_id
   WHERE m.tenant_id = :tenant AND s.tenant_id = :tenant AND m.person_id = ANY(:people)
     AND (m.base + m.len > :since OR m.active AND s.max_seq > :since)),
moved AS MATERIALIZED (
  SELECT news.scope_id, news.block, k.collection
    FROM (SELECT DISTINCT scope_id, block FROM mine) news CROSS JOIN unnest(:collections) AS k(collection)
   WHERE EXISTS (SELECT 1 FROM sync_entry e
     WHERE e.tenant_id = :tenant AND e.scope_id = news.scope_id AND e.collection = k.collection
       AND e.seq > CASE WHEN news.block THEN 0 ELSE :since END))
SELECT mine.person_id, array_agg(DISTINCT moved.collection) AS collections, max(clock.seq) AS seq
  FROM mine JOIN moved ON moved.scope_id = mine.scope_id AND moved.block = mine.block
  JOIN sync_clock clock ON clock.tenant_id = :tenant
 GROUP BY mine.person_id
""").bindparams(
    bindparam("tenant", type_=Uuid),
    bindparam("people", type_=ARRAY(Text)),
    bindparam("collections", type_=ARRAY(Text)),
    bindparam("since", type_=BigInteger),
)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a tenant's clock stood: its number, in which life of the server."""

    seq: int
    epoch: int


@dataclass(frozen=True, slots=True)
class News:
    """Where the clock stands, and for whom which collections moved; `anew`: all of them for everybody."""

    stand: Stand
    by_person: Mapping[str, tuple[str, ...]]
    anew: bool = False

    def of(self, person_id: str, hidden: Collection[str] = ()) -> tuple[str, ...]:
        """What moved for this person, without what her app may not read."""
        moved = ALL if self.anew else self.by_person.get(person_id, ())
        return tuple(name for name in moved if name not in hidden) if hidden else moved


def stand(connection: Connection, tenant_id: UUID) -> Stand:
    """Where the clock stands."""
    now = sequence.read(connection, tenant_id)
    return Stand(now.seq, now.epoch)


def since(connection: Connection, tenant_id: UUID, people: Collection[str], before: Stand) -> News:
    """What moved for these people since the clock stood so; one probe when nothing did."""
    now = stand(connection, tenant_id)
    if now.epoch != before.epoch or now.seq < before.seq:  # another life: every phone must hear of it
        return News(now, {}, anew=True)
    if now.seq == before.seq:
        return News(now, {})
    asked = {"tenant": tenant_id, "people": sorted(people), "since": before.seq, "collections": list(ALL)}
    rows = connection.execute(_MOVED, asked).all()
    seen = max((row.seq for row in rows), default=now.seq)
    in_order = {row.person_id: tuple(n for n in ALL if n in row.collections) for row in rows}
    return News(Stand(seen, now.epoch), in_order)
