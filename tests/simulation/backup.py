"""A copy of one tenant's rows in every table, and the same put back: what a restore of the database does to its phones."""

from __future__ import annotations

from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

Rows = dict[str, str]
"""Each table's rows, as JSON."""
_TABLES = """SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
              WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE' ORDER BY 1"""


def moved(rows: Rows, old: UUID, new: UUID) -> Rows:
    """The same rows as another tenant's."""
    return {name: said.replace(str(old), str(new)) for name, said in rows.items()}


def copy(connection: psycopg.Connection[TupleRow], tenant: UUID) -> Rows:
    """Every row of the tenant; `connection` is the database owner's, whom no policy binds."""
    return {name: _copy_of(connection, name, tenant) for (name,) in connection.execute(_TABLES).fetchall()}


def _copy_of(connection: psycopg.Connection[TupleRow], name: str, tenant: UUID) -> str:
    rows = sql.SQL("SELECT coalesce(json_agg(t ORDER BY t::text), '[]')::text FROM {} t WHERE tenant_id = %s")
    (said,) = connection.execute(rows.format(sql.Identifier(name)), [tenant]).fetchone() or ("[]",)
    return str(said)


def put_back(connection: psycopg.Connection[TupleRow], tenant: UUID, rows: Rows) -> None:
    """The tenant's rows are these, and no others."""
    delete = sql.SQL("DELETE FROM {} WHERE tenant_id = %s")
    insert = sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, %s::json)")
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # in any order: no foreign keys
        for name, said in rows.items():
            connection.execute(delete.format(sql.Identifier(name)), [tenant])
            connection.execute(insert.format(sql.Identifier(name)), [said])
