"""Pull: what changed for one person since her cursor, in one statement, and so in one snapshot.

For each membership with something new there are two sources. A: entries written after the grant, under their own numbers.
B: the block of numbers reserved when the membership last changed, under which the scope's records come one by one
(or, after a revocation, leave one by one). Both are merged by number and cut at the limit. Whether a candidate is visible is
decided now, over all scopes of the person: a record seen through two scopes, of which one is revoked, is no tombstone.

PostgreSQL puts the rows together as JSON around the ready bodies, a piece of a page at a time: nobody takes them apart again.
A dialect whose rows are said in other words makes a statement of its own with `page_of`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from schemas.problems import Problem, Refused
from sync.cursor import Cursor, about
from sync.server import sequence
from sync.server.actor import Actor
from sync.server.statement import Question, Statement, as_list

LARGEST_TEXT = 4 * 2**20
"""Bytes of rows that are put into one page, so that no page outgrows its worker."""
BETWEEN = b"},\n"
"""Ends a row and parts it from the next. No body has a line break: inside JSON's texts it is escaped."""
AT_ONCE = 128
"""Rows of a piece, some 100 kB: for more, PostgreSQL asks memory of the system each time, and gives it back."""

# Candidates are put in order while they are narrow; the loops over them keep it. OFFSET 0 forbids PostgreSQL to look at more
# than one key at a time: after a crash it knows no statistics, and left to guess it compares everything with everything.
_PAGE = """
WITH clock AS MATERIALIZED (
  SELECT seq, epoch, horizon, CASE WHEN :since = 0 THEN seq ELSE :boot END AS boot FROM sync_clock WHERE tenant_id = :tenant),
mine AS MATERIALIZED (
  SELECT m.scope_id, m.active, m.base, m.len, m.first_base, clock.boot
    FROM clock CROSS JOIN sync_membership m JOIN sync_scope s ON s.tenant_id = m.tenant_id AND s.scope_id = m.scope_id
   WHERE m.tenant_id = :tenant AND s.tenant_id = :tenant AND m.person_id = :person
     AND (m.base + m.len > :since AND (m.active OR m.base >= clock.boot) OR m.active AND s.max_seq > :since)),
candidate AS MATERIALIZED (
  SELECT DISTINCT ON (x.number, k.collection, x.record_id) x.number, k.collection, x.record_id, x.live
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
   ORDER BY x.number, k.collection, x.record_id, x.live DESC LIMIT :most)
SELECT clock.seq AS clock, clock.boot, clock.epoch, clock.horizon, piece.count, piece.number, piece.ids, piece.others,
       CASE WHEN sum(octet_length(piece.rows)) OVER (ROWS UNBOUNDED PRECEDING) <= :largest
              OR piece.start = 0 AND piece.count = 1 THEN piece.rows END AS rows
  FROM clock LEFT JOIN (generate_series(0, :most - 1, :at_once) AS start CROSS JOIN LATERAL (
    SELECT count(*) AS count, max(c.number) AS number, {ids} AS ids,
           string_agg(c.collection || ' ' || c.record_id, ' ') FILTER (WHERE v.visible AND d.author <> :person) AS others,
           string_agg({row}, '{between}') AS rows
      FROM (SELECT * FROM candidate OFFSET start LIMIT :at_once) c
     CROSS JOIN LATERAL (SELECT c.live OR EXISTS (
         SELECT 1 FROM sync_entry e JOIN sync_membership m ON m.tenant_id = e.tenant_id AND m.scope_id = e.scope_id
          WHERE e.tenant_id = :tenant AND m.tenant_id = :tenant AND e.collection = c.collection AND e.record_id = c.record_id
            AND NOT e.removed AND m.person_id = :person AND m.active) AS visible OFFSET 0) v
      LEFT JOIN LATERAL (SELECT seq, body, author FROM sync_document
         WHERE tenant_id = :tenant AND collection = c.collection AND record_id = c.record_id OFFSET 0) d ON true
    HAVING count(*) > 0) pieces) AS piece ON true
"""


def page_of(row: str, ids: str = "NULL::text") -> Statement:
    """The statement of a page whose rows are said like this: `c` is what changed, `v` whether she sees it, `d` what is stored.

    A row lacks its last brace, so that its body is copied once. `ids`: how the ids of a piece are said, if they are wanted.
    """
    said = _PAGE.replace("{row}", row).replace("{ids}", ids).replace("{between}", BETWEEN.decode())
    return Statement(said)


_TEXT = page_of("""
  '{"collection":"' || c.collection || '","id":"' || c.record_id || '","seq":' || coalesce(d.seq, c.number)
  || CASE WHEN v.visible THEN ',"deleted": false,"record": ' || d.body ELSE ',"deleted": true,"record": null' END""")

# Planned anew each time it is asked, so it is short; a clock that stands still needs no look at any scope.
_NEWS = Statement("""
SELECT clock.seq AS clock, clock.epoch, clock.horizon, clock.seq <> :since AND EXISTS (
  SELECT 1 FROM sync_membership m JOIN sync_scope s ON s.tenant_id = m.tenant_id AND s.scope_id = m.scope_id
   WHERE m.tenant_id = :tenant AND s.tenant_id = :tenant AND m.person_id = :person
     AND (m.base + m.len > :since AND (m.active OR m.base >= :boot) OR m.active AND s.max_seq > :since)) AS news
  FROM sync_clock clock WHERE clock.tenant_id = :tenant
""")

# From the person's scopes to the documents, one key at a time (OFFSET 0 forbids another way): after a crash PostgreSQL
# knows no statistics, and a planner left to guess compares every entry with every document.
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
class Page:
    """Rows in the order of the clock, the cursor after them, and whether there is more at once.

    `pieces`: some rows each, as JSON that lacks its last brace. `others`: the ids of what others wrote, by collection.
    `ids`: those of the rows, where the statement says them.
    """

    pieces: Sequence[bytes]
    cursor: Cursor
    more: bool
    others: Mapping[str, Collection[str]] = field(default_factory=dict)
    ids: Sequence[str] = ()

    def parts(self) -> list[bytes]:
        """What makes the rows when it is joined, once, with whatever stands around them."""
        if not self.pieces:
            return []
        parts = [BETWEEN] * (2 * len(self.pieces) - 1)
        parts[::2] = self.pieces
        return [*parts, b"}"]


@dataclass(frozen=True, slots=True)
class Digest:
    """How many records of a collection the person sees, and the xor of the hashes of their ids and numbers."""

    count: int
    digest: str
    seq: int


def pull(
    connection: Connection,
    actor: Actor,
    collections: Sequence[str],
    cursor: Cursor,
    limit: int,
    statement: Statement | None = None,
) -> Page:
    """One page of at most `limit` rows, and fewer of very long bodies; Refused when the cursor is too old, of another life,
    or of other collections."""
    found = (statement or _TEXT).rows(connection, **_asked(actor, collections, cursor, limit))
    page = paged(found, collections, cursor, limit)
    return page or pull(connection, actor, collections, cursor, found[0].count // 2, statement)


def question_of_page(actor: Actor, collections: Sequence[str], cursor: Cursor, limit: int) -> Question:
    """What `paged` makes a page of."""
    return _TEXT, _asked(actor, collections, cursor, limit)


def paged(found: Sequence[Any], collections: Sequence[str], cursor: Cursor, limit: int) -> Page | None:
    """The page of at most `limit` rows that these say, Refused as `pull` is; None when fewer must be asked for."""
    after = _after(cursor, found[0] if found else None, collections)
    if not found or not found[0].count:
        return Page((), after, more=False)
    pieces = list(takewhile(lambda piece: piece.rows is not None, found))
    if not pieces:
        return None
    more = len(pieces) < len(found) or sum(piece.count for piece in pieces) == limit
    at = after.at(max(cursor.seq, pieces[-1].number)) if more else after
    said = [piece.rows.encode() for piece in pieces]
    return Page(said, at, more, _others(pieces), _words(piece.ids for piece in pieces))


def question(tenant_id: UUID, person_id: str, cursor: Cursor) -> Question:
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
    if collection in actor.hidden:
        raise Refused(Problem.SCOPE_REQUIRED)
    row = _DIGEST.row(connection, tenant=actor.tenant_id, collection=collection, person=actor.person_id)
    return Digest(row.records, f"{int(row.bits, 2):016x}", sequence.read(connection, actor.tenant_id).seq)


def _asked(actor: Actor, collections: Sequence[str], cursor: Cursor, limit: int) -> dict[str, Any]:
    return {
        "tenant": actor.tenant_id,
        "person": actor.person_id,
        "collections": as_list(actor.readable(collections)),
        "since": cursor.seq,
        "boot": cursor.boot,
        "most": limit,
        "at_once": AT_ONCE,
        "largest": LARGEST_TEXT,
    }


def _others(pieces: Sequence[Any]) -> dict[str, list[str]]:
    others: dict[str, list[str]] = {}
    words = _words(piece.others for piece in pieces)
    for collection, record_id in zip(words[::2], words[1::2], strict=True):
        others.setdefault(collection, []).append(record_id)
    return others


def _words(texts: Iterable[str | None]) -> list[str]:
    return [word for text in texts if text for word in text.split(" ")]


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
