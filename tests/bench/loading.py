"""Many notes at once, written by SQL into the tables as the door writes them: copies of one that went through the door.

Each copy has an id, a number, a position, an op and a text of its own; all else is as the engine wrote it, in whatever columns
there are. What no reading touches is left out: the raw pushes in `sync_inbox`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection, sql

TABLES = {
    "notes": "old.id = {id}",
    "sync_document": "old.record_id = {id}",
    "sync_entry": "old.record_id = {id}",
    "sync_receipt": "old.op_id = 'op-' || {id}",
}
"""The tables that hold something of a note, and how it is found there."""
COPIED = {
    "id": "new.id",
    "record_id": "new.id",
    "op_id": "'op-' || new.id",
    "seq": "new.seq",
    "pos": "old.pos + new.n",
    "text": "new.text",
    "body": "replace(replace(old.body, new.old_id, new.id), new.old_text, new.text)",
    "outcome": "replace(replace(old.outcome, new.old_id, new.id), new.old_seq::text, new.seq::text)",
    "fields": "replace(old.fields, new.old_seq::text, new.seq::text)",
}
"""What differs in a copy, by column."""
_COPIES = """
CREATE TEMP TABLE new ON COMMIT DROP AS
SELECT n, md5(tenant_id || '/' || n)::uuid::text AS id, {seq} + n AS seq,
       right(text, n % length(text)) || left(text, length(text) - n % length(text)) AS text,
       id AS old_id, {seq} AS old_seq, text AS old_text
  FROM notes CROSS JOIN generate_series(1, {count}) n WHERE tenant_id = {tenant} AND id = {id}
"""
_COPY = "INSERT INTO {table} ({names}) SELECT {values} FROM {table} old CROSS JOIN new WHERE old.tenant_id = {tenant} AND {found} ORDER BY n"
_COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
)
_SCOPES = """
UPDATE sync_scope s SET next_pos = next_pos + {count}, max_seq = {seq} + {count} FROM sync_entry e
 WHERE e.tenant_id = s.tenant_id AND e.scope_id = s.scope_id AND s.tenant_id = {tenant} AND e.record_id = {id}
"""
_CLOCK = "UPDATE sync_clock SET seq = seq + {count} WHERE tenant_id = {tenant} AND seq = {seq}"
Session = Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Template:
    """A note that went through the door: the last thing that was written in its tenant."""

    tenant_id: UUID
    id: str
    seq: int

    def copies(self, count: int) -> Iterator[tuple[str, int]]:
        """(id, number) of each copy, as the statements make them."""
        for n in range(1, count + 1):
            made = hashlib.md5(f"{self.tenant_id}/{n}".encode(), usedforsecurity=False).hexdigest()
            yield str(UUID(made)), self.seq + n

    def digest(self, count: int) -> str:
        """What the engine's digest must say of the template and so many copies."""
        bits = 0
        for record_id, seq in [(self.id, self.seq), *self.copies(count)]:
            bits ^= int.from_bytes(hashlib.sha256(f"{record_id}:{seq}".encode()).digest()[:8])
        return f"{bits:016x}"


def load(session: Session, template: Template, count: int) -> None:
    """Copy the template so many times, and move the clock and the scopes on as the door would have."""
    said = {
        "tenant": sql.Literal(template.tenant_id),
        "id": sql.Literal(template.id),
        "seq": sql.Literal(template.seq),
        "count": sql.Literal(count),
    }
    with session.transaction():
        session.execute(
            "SET LOCAL session_replication_role = replica"
        )  # ties and policies hold by construction
        session.execute(sql.SQL(_COPIES).format(**said))
        for table, found in TABLES.items():
            _copy(session, table, sql.SQL(found).format(**said), said["tenant"])
        session.execute(sql.SQL(_SCOPES).format(**said))
        moved = session.execute(sql.SQL(_CLOCK).format(**said)).rowcount
        assert moved == 1, "the template is not the last thing that was written"
    for table in TABLES:
        session.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))


def _copy(session: Session, table: str, found: sql.Composable, tenant: sql.Composable) -> None:
    names = [str(name) for (name,) in session.execute(_COLUMNS, [table])]
    values = [sql.SQL(COPIED[name]) if name in COPIED else sql.Identifier("old", name) for name in names]
    copied = sql.SQL(_COPY).format(
        table=sql.Identifier(table),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join(values),
        tenant=tenant,
        found=found,
    )
    assert session.execute(copied).rowcount, f"nothing of the template stands in {table}"
