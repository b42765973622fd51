"""Pull: what changed for one person since her cursor, in one statement, and so in one snapshot.

For each membership with something new there are two sources. A: entries written after the grant, under their own numbers.
B: the block of numbers reserved when the membership last changed, under which the scope's records come one by one
(or, after a revocation, leave one by one). Both are merged by number and cut at the limit. Whether a candidate is visible is
decided now, over all scopes of the person: a record seen through two scopes, of which one is revoked, is no tombstone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, BigInteger, Connection, Integer, Text, Uuid, bindparam, text

from schemas.problems import Problem, Refused
from sync.cursor import Cursor, about
from sync.server import sequence
from sync.server.actor import Actor

_PULL = text("""
WITH clock AS MATERIALIZED (
  SELECT seq, epoch, CASE WHEN :since = 0 THEN seq ELSE :boot END AS boot FROM sync_clock WHERE tenant_id = :tenant),
mine AS MATERIALIZED (
  SELECT m.scope_id, m.active, m.base, m.len, m.first_base, clock.boot
    FROM clock CROSS JOIN sync_membership m JOIN sync_scope s ON s.tenant_id = m.tenant_id AND s.scope_id = m.scope_id
   WHERE m.tenant_id = :tenant AND s.tenant_id = :tenant AND m.person_id = :person
     AND (m.base + m.len > :since AND (m.active OR m.base >= clock.boot) OR m.active AND s.max_seq > :since)),
candidate AS MATERIALIZED (
  SELECT x.number, k.collection, x.record_id, bool_or(x.live) AS live
    FROM mine CROSS JOIN unnest(:collections) AS k(collection) CROSS JOIN LATERAL (
      (SELECT e.seq AS number, e.record_id, NOT e.removed AS live FROM sync_entry e
        WHERE mine.active AND e.tenant_id = :tenant AND e.scope_id = mine.scope_id AND e.collection = k.collection
          AND e.seq > GREATEST(:since, mine.base)
          AND NOT (e.removed AND e.seq <= mine.boot)
        ORDER BY e.seq LIMIT :most)
      UNION ALL
      (SELECT mine.base + e.pos, e.record_id, mine.active AND NOT e.removed FROM sync_entry e
        WHERE :since < mine.base + mine.len AND e.tenant_id = :tenant AND e.scope_id = mine.scope_id AND e.collection = k.collection
          AND e.pos > :since - mine.base AND e.pos <= mine.len
          AND (NOT mine.active OR e.seq <= mine.base)
          AND (NOT e.removed OR e.seq > GREATEST(mine.first_base, mine.boot))
        ORDER BY e.pos LIMIT :most)
    ) x
   GROUP BY x.number, k.collection, x.record_id ORDER BY x.number LIMIT :most)
SELECT c.number, c.collection, c.record_id, coalesce(d.seq, c.number) AS seq, v.visible, CASE WHEN v.visible THEN d.body END AS body,
       coalesce(d.author, '') AS author,
       clock.seq AS clock, clock.boot
  FROM clock CROSS JOIN candidate c
  CROSS JOIN LATERAL (SELECT c.live OR EXISTS (
     SELECT 1 FROM sync_entry e JOIN sync_membership m ON m.tenant_id = e.tenant_id AND m.scope_id = e.scope_id
      WHERE e.tenant_id = :tenant AND m.tenant_id = :tenant AND e.collection = c.collection AND e.record_id = c.record_id
        AND NOT e.removed AND m.person_id = :person AND m.active) AS visible) v
  LEFT JOIN LATERAL (SELECT seq, body, author FROM sync_document
     WHERE tenant_id = :tenant AND collection = c.collection AND record_id = c.record_id OFFSET 0) d ON true
 ORDER BY c.number
""").bindparams(
    bindparam("tenant", type_=Uuid),
    bindparam("person", type_=Text),
    bindparam("collections", type_=ARRAY(Text)),
    bindparam("since", type_=BigInteger),
    bindparam("boot", type_=BigInteger),
    bindparam("most", type_=Integer),
)

# From the person's scopes to the documents, one key at a time (OFFSET 0 forbids another way): after a crash PostgreSQL
# knows no statistics, and a planner left to guess compares every entry with every document. The pull does the same.
_DIGEST = text("""
SELECT count(*) AS records, coalesce(bit_xor(('x' || substr(encode(sha256(convert_to(d.record_id || ':' || d.seq, 'UTF8')), 'hex'), 1, 16))::bit(64)),
       0::bit(64)) AS bits
  FROM (SELECT DISTINCT e.record_id FROM sync_membership m
          JOIN sync_entry e ON e.tenant_id = m.tenant_id AND e.scope_id = m.scope_id
         WHERE m.tenant_id = :tenant AND m.person_id = :person AND m.active
           AND e.tenant_id = :tenant AND e.collection = :collection AND NOT e.removed) mine
 CROSS JOIN LATERAL (SELECT record_id, seq FROM sync_document
     WHERE tenant_id = :tenant AND collection = :collection AND record_id = mine.record_id AND NOT deleted OFFSET 0) d
""")


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One line of a page: the record's own number and its ready JSON; not visible means that it must leave the phone."""

    collection: str
    id: str
    seq: int
    visible: bool
    body: str | None
    author: str


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of the clock, the cursor after them, and whether there is more at once."""

    rows: list[FeedRow]
    cursor: Cursor
    more: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """How many records of a collection the person sees, and the xor of the hashes of their ids and numbers."""

    count: int
    digest: str
    seq: int


def pull(
    connection: Connection, actor: Actor, collections: Sequence[str], cursor: Cursor, limit: int
) -> Page:
    """One page of at most `limit` rows; Refused when the cursor is too old, of another life, or of other collections."""
    now = sequence.read(connection, actor.tenant_id)
    _demand_current(cursor, now, collections)
    parameters = {
        "tenant": actor.tenant_id,
        "person": actor.person_id,
        "collections": list(collections),
        "since": cursor.seq,
        "boot": cursor.boot,
        "most": limit,
    }
    found = connection.execute(_PULL, parameters).all()
    rows = [FeedRow(r.collection, r.record_id, r.seq, r.visible, r.body, r.author) for r in found]
    boot = found[0].boot if found else (cursor.boot if cursor.seq else now.seq)
    more = len(rows) == limit
    # the clock of the statement's own snapshot; without rows, the one read before it can only be older, which is safe
    seq = found[-1].number if more else (found[0].clock if found else now.seq)
    return Page(rows, Cursor(max(seq, cursor.seq), boot, now.epoch, about(collections)), more)


def digest(connection: Connection, actor: Actor, collection: str) -> Digest:
    """What a phone must hold of a collection, in 64 bits: first 8 bytes of sha256("id:seq") of each record, xor-ed."""
    parameters = {"tenant": actor.tenant_id, "collection": collection, "person": actor.person_id}
    row = connection.execute(_DIGEST, parameters).one()
    return Digest(row.records, f"{int(row.bits, 2):016x}", sequence.read(connection, actor.tenant_id).seq)


def _demand_current(cursor: Cursor, now: sequence.Sequence, collections: Sequence[str]) -> None:
    if cursor.seq == 0:
        return
    # a reader born after the horizon needs no older tombstone, however early its first reading still is
    if cursor.epoch != now.epoch or cursor.seq > now.seq or max(cursor.seq, cursor.boot) < now.horizon:
        restored = cursor.epoch != now.epoch or cursor.seq > now.seq
        why = "The server was restored from a backup." if restored else "This cursor is too old."
        raise Refused(Problem.SYNC_RESET_REQUIRED, why, extra={"restored": restored})
    if cursor.about != about(collections):
        raise Refused(
            Problem.INVALID_CURSOR, "This cursor was given for other collections; start anew for these."
        )
