"""Write what a push has staged: a handful of multi-row statements, whatever the number of changes."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import delete

from sync.changes import Record
from sync.server import history, moved
from sync.server.kind import Kind
from sync.server.rows import upsert_rows
from sync.server.stage import Row, Stage
from sync.server.tables import document, entry, membership, scope


def store(stage: Stage) -> None:
    """Write the overlay of a stage to its transaction; the clock row is stored last."""
    connection, overlay, tenant = stage.connection, stage.overlay, stage.sequence.tenant_id
    _store_typed(stage)
    upsert_rows(
        connection,
        document,
        [_document(tenant, row) for row in overlay.rows.values()],
        ("seq", "deleted", "author", "body", "fields"),
    )
    history.forget(connection, tenant, overlay.forgotten)
    history.keep(connection, tenant, overlay.replaced)
    _store_entries(stage)
    scopes = [
        {"tenant_id": tenant, "scope_id": s, "next_pos": n, "max_seq": m}
        for s, (n, m) in sorted(overlay.scopes.items())
    ]
    upsert_rows(connection, scope, scopes, ("next_pos", "max_seq"))
    _store_memberships(stage)
    connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")  # a broken tie shows here, not at the commit
    if overlay.seq != stage.sequence.seq:
        moved.note(connection, stage.sequence.seq, overlay.seq)
        stage.sequence.seq = overlay.seq
        stage.sequence.store(connection)


def _store_typed(stage: Stage) -> None:
    """Each kind's own table: parents first when writing, children first when deleting."""
    tenant, written = stage.sequence.tenant_id, stage.overlay.rows.values()
    by_kind: dict[str, list[Row]] = {}
    for row in written:
        by_kind.setdefault(row.key[0], []).append(row)
    in_order = [kind for kind in stage.kinds.values() if kind.name in by_kind]
    for kind in in_order:
        live = [_typed(kind, tenant, row.record) for row in by_kind[kind.name] if row.record is not None]
        upsert_rows(stage.connection, kind.table, live, kind.columns_beside_key)
    for kind in reversed(in_order):
        dead = [row.key[1] for row in by_kind[kind.name] if row.record is None]
        if dead:
            stage.connection.execute(
                delete(kind.table).where(kind.table.c.tenant_id == tenant, kind.table.c.id.in_(dead))
            )


def _typed(kind: Kind, tenant: Any, record: Record) -> dict[str, Any]:
    """The record as its table's columns hold it."""
    values = {name: record.get(name) for name in kind.columns}
    values["tenant_id"] = tenant
    return values


def _document(tenant: Any, row: Row) -> dict[str, Any]:
    body = None if row.record is None else orjson.dumps(row.record).decode()
    key = {"tenant_id": tenant, "collection": row.key[0], "record_id": row.key[1]}
    return key | {
        "seq": row.seq,
        "deleted": row.record is None,
        "author": row.author,
        "body": body,
        "fields": orjson.dumps(dict(row.writers)).decode(),
    }


def _store_entries(stage: Stage) -> None:
    tenant = stage.sequence.tenant_id
    rows = [
        {
            "tenant_id": tenant,
            "scope_id": s,
            "collection": key[0],
            "record_id": key[1],
            "seq": seq,
            "pos": pos or 0,
            "removed": removed,
        }
        for (s, key), (seq, pos, removed) in stage.overlay.entries.items()
    ]
    # a stored position never changes, so a row that is already there keeps its own and 0 is never stored
    upsert_rows(stage.connection, entry, rows, ("seq", "removed"))


def _store_memberships(stage: Stage) -> None:
    tenant = stage.sequence.tenant_id
    rows = [
        {
            "tenant_id": tenant,
            "person_id": p,
            "scope_id": s,
            "active": m.active,
            "base": m.base,
            "len": m.len,
            "first_base": m.first_base,
        }
        for (p, s), m in stage.overlay.memberships.items()
    ]
    upsert_rows(stage.connection, membership, rows, ("active", "base", "len"))
