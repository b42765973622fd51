"""Write what a push has staged: one statement for each kind's table and one for the engine's, whatever the number of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Table, delete

from sync.server import history, moved
from sync.server.kind import Kind
from sync.server.overlay import Key, Row
from sync.server.rows import as_rows, upsert, upsert_text, upserts
from sync.server.stage import Stage
from sync.server.statement import Question, Statement, tell
from sync.server.tables import document, entry, membership, receipt, scope

_CHANGING = {
    document: ("seq", "deleted", "author", "body", "fields"),
    entry: ("seq", "removed"),  # a stored position never changes, so a row that is there keeps its own
    scope: ("next_pos", "max_seq"),
    receipt: ("outcome",),
}


def _upsert(table: Table, rows: str) -> str:
    return upsert_text(table, [column.name for column in table.columns], _CHANGING[table], rows)


_STORE = Statement(
    f"""
WITH documents AS ({_upsert(document, "documents")}),
entries AS ({_upsert(entry, "entries")}),
scopes AS ({_upsert(scope, "scopes")}),
receipts AS ({_upsert(receipt, "receipts")})
UPDATE sync_clock SET seq = :seq WHERE tenant_id = :tenant
"""  # noqa: S608  # names of our own tables
)


def store(stage: Stage, receipts: Sequence[Mapping[str, Any]] = ()) -> None:
    """Write the overlay of a stage to its transaction, with the receipts of its changes and the clock row."""
    connection, overlay, tenant = stage.connection, stage.overlay, stage.sequence.tenant_id
    bodies = {key: orjson.dumps(row.record).decode() for key, row in overlay.rows.items() if row.record}
    by_kind = _by_kind(stage)
    writes = [_typed(tenant, kind, rows, bodies) for kind, rows in by_kind if any(row.record for row in rows)]
    if overlay.forgotten or len(bodies) < len(overlay.rows):
        tell(connection, *writes)
        writes = []
        _delete_typed(stage, by_kind)
        history.forget(connection, tenant, overlay.forgotten)
    writes += history.keeping(tenant, overlay.replaced)
    writes += _memberships(stage)
    if receipts or overlay.seq != stage.sequence.seq:
        writes.append((_STORE, _engines(stage, bodies, receipts)))
    tell(connection, *writes)
    if overlay.seq != stage.sequence.seq:
        moved.note(connection, stage.sequence.seq, overlay.seq)
        stage.sequence.seq = overlay.seq


def _by_kind(stage: Stage) -> list[tuple[Kind, list[Row]]]:
    """The rows of each kind's own table, parents first."""
    by_kind: dict[str, list[Row]] = {}
    for row in stage.overlay.rows.values():
        by_kind.setdefault(row.key[0], []).append(row)
    return [(kind, by_kind[kind.name]) for kind in stage.kinds.values() if kind.name in by_kind]


def _typed(tenant_id: UUID, kind: Kind, rows: Sequence[Row], bodies: Mapping[Key, str]) -> Question:
    """The bodies themselves are the rows: a record's fields are its table's columns."""
    live = ",".join(bodies[row.key] for row in rows if row.record is not None)
    statement = upsert(kind.table, kind.columns, kind.columns_beside_key)
    return statement, {"tenant": tenant_id, "rows": f"[{live}]"}


def _delete_typed(stage: Stage, by_kind: Sequence[tuple[Kind, list[Row]]]) -> None:
    """Children first."""
    for kind, rows in reversed(by_kind):
        dead = [row.key[1] for row in rows if row.record is None]
        if dead:
            table = kind.table.c
            mine = (table.tenant_id == stage.sequence.tenant_id) & table.id.in_(dead)
            stage.connection.execute(delete(kind.table).where(mine))


def _engines(
    stage: Stage, bodies: Mapping[Key, str], receipts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the engine keeps of it."""
    rows = stage.overlay.rows.values()
    return {
        "tenant": stage.sequence.tenant_id,
        "documents": as_rows([_document(row, bodies.get(row.key)) for row in rows]),
        "entries": as_rows(_entries(stage)),
        "scopes": as_rows(_scopes(stage)),
        "receipts": as_rows(receipts),
        "seq": stage.overlay.seq,
    }


def _document(row: Row, body: str | None) -> dict[str, Any]:
    return {
        "collection": row.key[0],
        "record_id": row.key[1],
        "seq": row.seq,
        "deleted": body is None,
        "author": row.author,
        "body": body,
        "fields": orjson.dumps(row.writers).decode(),
    }


def _entries(stage: Stage) -> list[dict[str, Any]]:
    return [
        {
            "scope_id": scope_id,
            "collection": key[0],
            "record_id": key[1],
            "seq": seq,
            "pos": pos or 0,  # 0 stands for the stored one
            "removed": removed,
        }
        for (scope_id, key), (seq, pos, removed) in stage.overlay.entries.items()
    ]


def _scopes(stage: Stage) -> list[dict[str, Any]]:
    scopes = stage.overlay.scopes
    return [
        {"scope_id": scope_id, "next_pos": next_pos, "max_seq": max_seq}
        for scope_id, (next_pos, max_seq) in scopes.items()
    ]


def _memberships(stage: Stage) -> list[Question]:
    rows = [
        {
            "tenant_id": stage.sequence.tenant_id,
            "person_id": person_id,
            "scope_id": scope_id,
            "active": m.active,
            "base": m.base,
            "len": m.len,
            "first_base": m.first_base,
        }
        for (person_id, scope_id), m in stage.overlay.memberships.items()
    ]
    return upserts(membership, rows, ("active", "base", "len"))
