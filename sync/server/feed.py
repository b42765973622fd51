"""Pull: what changed for one person since her cursor, in one statement, and so in one snapshot.

For each membership with something new there are two sources. A: entries written after the grant, under their own numbers.
B: the block of numbers reserved when the membership last changed, under which the scope's records come one by one
(or, after a revocation, leave one by one). Both are merged by number and cut at the limit. Whether a candidate is visible is
decided now, over all scopes of the person: a record seen through two scopes, of which one is revoked, is no tombstone.

`pull` gives the rows to a dialect that must look at each; `pull_text` has PostgreSQL put the same rows together as JSON
around the ready bodies, at a fraction of the cost, for the native door.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from schemas.problems import Problem, Refused
from sync.cursor import Cursor, about
from sync.server import sequence
from sync.server.actor import Actor
from sync.server.statement import Statement, as_list

LARGEST_TEXT = 4 * 2**20
"""Bytes of bodies that `pull_text` puts into one page, so that no page outgrows its worker."""

_FOUND = """
WITH clock AS MATERIALIZED (
  SELECT seq, epoch, horizon, CASE WHEN :since = 0 THEN seq ELSE :boot END AS boot FROM sync_clock WHERE tenant_id = :tenant),
mine AS MATERIALIZED (
  SELECT m.scope_id, m.active, m.base, m.len, m.first_base, clock.boot
    FROM clock CROSS JOIN sync_membership m JOIN sync_scope s ON s.tenant_id = m.tenant_id AND s.scope_id = m.scope_id
   WHERE m.tenant_id = :tenant AND s.tenant_id = :tenant AND m.person_id = :person
     AND (m.base + m.len > :since AND (m.active OR m.base >= clock.boot) OR m.active AND s.max_seq > :since)),
candidate AS MATERIALIZED (
  SELECT x.number, k.collection, x.record_id, bool_or(x.live) AS live
    FROM mine CROSS JOIN json_array_elements_text(:collections) AS k(collection) CROSS JOIN LATERAL (
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
   GROUP BY x.number, k.collection, x.record_id ORDER BY x.number LIMIT :most),
found AS (
  SELECT c.number, c.collection, c.record_id, coalesce(d.seq, c.number) AS seq, v.visible,
         CASE WHEN v.visible THEN d.body END AS body, coalesce(d.author, '') AS author
    FROM candidate c
    CROSS JOIN LATERAL (SELECT c.live OR EXISTS (
       SELECT 1 FROM sync_entry e JOIN sync_membership m ON m.tenant_id = e.tenant_id AND m.scope_id = e.scope_id
        WHERE e.tenant_id = :tenant AND m.tenant_id = :tenant AND e.collection = c.collection AND e.record_id = c.record_id
          AND NOT e.removed AND m.person_id = :person AND m.active) AS visible) v
    LEFT JOIN LATERAL (SELECT seq, body, author FROM sync_document
       WHERE tenant_id = :tenant AND collection = c.collection AND record_id = c.record_id OFFSET 0) d ON true)
"""

_PULL = Statement(
    _FOUND
    + """
SELECT found.*, clock.seq AS clock, clock.boot, clock.epoch, clock.horizon FROM clock LEFT JOIN found ON true ORDER BY found.number
"""
)

# Candidates are put in order while they are narrow; one loop over them keeps it. Each line lacks its last brace, so that
# its body is copied once. What would outgrow a worker is not sent at all: fewer are asked for then.
_TEXT = Statement(
    _FOUND.replace("FROM candidate c", "FROM (SELECT * FROM candidate ORDER BY number) c")  # noqa: S608  # both halves are ours
    + """
SELECT clock.seq AS clock, clock.boot, clock.epoch, clock.horizon, page.* FROM clock CROSS JOIN (
  SELECT count(*) AS count, max(number) AS number,
         CASE WHEN coalesce(sum(octet_length(body)), 0) < :largest OR count(*) = 1 THEN convert_to(string_agg(
           '{"collection":"' || collection || '","id":"' || record_id || '","seq":' || seq
             || CASE WHEN visible THEN ',"deleted": false,"record": ' || body ELSE ',"deleted": true,"record": null' END,
           '},'), 'UTF8') END AS text,
         json_agg(json_build_array(collection, record_id)) FILTER (WHERE visible AND author <> :person) AS others
    FROM found) page
""",
    binary=True,
)

# Planned anew each time it is asked, so it is short; a clock that stands still needs no look at any scope.
_NEWS = Statement("""
SELECT clock.seq AS clock, clock.epoch, clock.horizon, clock.seq <> :since AND EXISTS (
  SELECT 1 FROM sync_membership m JOIN sync_scope s ON s.tenant_id = m.tenant_id AND s.scope_id = m.scope_id
   WHERE m.tenant_id = :tenant AND s.tenant_id = :tenant AND m.person_id = :person
     AND (m.base + m.len > :since AND (m.active OR m.base >= :boot) OR m.active AND s.max_seq > :since)) AS news
  FROM sync_clock clock WHERE clock.tenant_id = :tenant
""")

# From the person's scopes to the documents, one key at a time (OFFSET 0 forbids another way): after a crash PostgreSQL
# knows no statistics, and a planner left to guess compares every entry with every document. The pull does the same.
_DIGEST = Statement("""
SELECT count(*) AS records, coalesce(bit_xor(('x' || substr(encode(sha256(convert_to(d.record_id || ':' || d.seq, 'UTF8')), 'hex'), 1, 16))::bit(64)),
       0::bit(64))::text AS bits
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
class PageText:
    """A page whose rows are JSON already, with commas between them; `others` are the ids of what others wrote, by collection."""

    rows: bytes
    cursor: Cursor
    more: bool
    others: Mapping[str, list[str]]


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
    found = _PULL.rows(connection, **_asked(actor, collections, cursor, limit))
    after = _after(cursor, found[0] if found else None, collections)
    rows = [
        FeedRow(r.collection, r.record_id, r.seq, r.visible, r.body, r.author)
        for r in found
        if r.number is not None
    ]
    more = len(rows) == limit
    return Page(rows, after.at(max(cursor.seq, found[-1].number)) if more else after, more)


def pull_text(
    connection: Connection, actor: Actor, collections: Sequence[str], cursor: Cursor, limit: int
) -> PageText:
    """The page that `pull` gives, as text; one of very long bodies is shorter. Refused as `pull` is."""
    asked = _asked(actor, collections, cursor, limit)
    found = _TEXT.row(connection, **asked, largest=LARGEST_TEXT)
    after = _after(cursor, found, collections)
    if found is None or not found.count:
        return PageText(b"", after, more=False, others={})
    if found.text is None:
        return pull_text(connection, actor, collections, cursor, found.count // 2)
    others: dict[str, list[str]] = {}
    for collection, record_id in found.others or ():
        others.setdefault(collection, []).append(record_id)
    more = found.count == limit
    return PageText(
        found.text + b"}", after.at(max(cursor.seq, found.number)) if more else after, more, others
    )


def question(tenant_id: UUID, person_id: str, cursor: Cursor) -> tuple[Statement, dict[str, Any]]:
    """What `resting` needs to know: a statement with its values, which looks at no entry."""
    asked = {"tenant": tenant_id, "person": person_id, "since": cursor.seq, "boot": cursor.boot}
    return _NEWS, asked


def resting(rows: Sequence[Any], collections: Sequence[str], cursor: Cursor) -> Cursor | None:
    """The cursor of a reader for whom nothing moved; None when a pull must tell. Refused as `pull` is."""
    row = rows[0] if rows else None
    after = _after(cursor, row, collections)
    return None if row is None or row.news else after


def digest(connection: Connection, actor: Actor, collection: str) -> Digest:
    """What a phone must hold of a collection, in 64 bits: first 8 bytes of sha256("id:seq") of each record, xor-ed."""
    row = _DIGEST.row(connection, tenant=actor.tenant_id, collection=collection, person=actor.person_id)
    return Digest(row.records, f"{int(row.bits, 2):016x}", sequence.read(connection, actor.tenant_id).seq)


def _asked(actor: Actor, collections: Sequence[str], cursor: Cursor, limit: int) -> dict[str, Any]:
    return {
        "tenant": actor.tenant_id,
        "person": actor.person_id,
        "collections": as_list(collections),
        "since": cursor.seq,
        "boot": cursor.boot,
        "most": limit,
    }


def _after(cursor: Cursor, now: Any, collections: Sequence[str]) -> Cursor:
    """The cursor after all there is, in the snapshot of the statement that said `now` (None: nothing was ever written)."""
    clock, epoch, horizon = (now.clock, now.epoch, now.horizon) if now else (1, 1, 0)
    if cursor.seq:
        _demand_current(cursor, clock, epoch, horizon, collections)
    boot = cursor.boot if cursor.seq else clock
    return Cursor(max(clock, cursor.seq), boot, epoch, about(collections))


def _demand_current(cursor: Cursor, clock: int, epoch: int, horizon: int, collections: Sequence[str]) -> None:
    restored = cursor.epoch != epoch or cursor.seq > clock
    # a reader born after the horizon needs no older tombstone, however early its first reading still is
    if restored or max(cursor.seq, cursor.boot) < horizon:
        why = "The server was restored from a backup." if restored else "This cursor is too old."
        raise Refused(Problem.SYNC_RESET_REQUIRED, why, extra={"restored": restored})
    if cursor.about != about(collections):
        raise Refused(
            Problem.INVALID_CURSOR, "This cursor was given for other collections; start anew for these."
        )
