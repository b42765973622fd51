"""Many rows in one statement: they travel as one JSON text, which PostgreSQL takes apart by the types of the table's columns.

SQLAlchemy sends row by row where there is an ON CONFLICT, and a parameter for each value costs the driver and the parser
more than the values themselves. One text also leaves one statement per table, whose plan is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ARRAY, Column, Connection, Table, Text
from sqlalchemy.dialects.postgresql import dialect as postgresql

from sync.server.statement import Question, Statement, tell

MOST_ROWS = 500
_DIALECT = postgresql()  # type: ignore[no-untyped-call]  # SQLAlchemy's own constructor
_quote = _DIALECT.identifier_preparer.quote


def upsert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], changing: Sequence[str]
) -> None:
    """Insert rows, or give those that are there the new values of the columns in `changing`."""
    tell(connection, *upserts(table, rows, changing))


def upserts(table: Table, rows: Sequence[Mapping[str, Any]], changing: Sequence[str] = ()) -> list[Question]:
    """What `upsert_rows` sends; the rows all name the same columns, the tenant among them."""
    parts = [rows[start : start + MOST_ROWS] for start in range(0, len(rows), MOST_ROWS)]
    return [
        (
            upsert(table, tuple(some[0]), tuple(changing)),
            {"tenant": some[0]["tenant_id"], "rows": as_rows(some)},
        )
        for some in parts
    ]


@lru_cache(maxsize=512)
def upsert(table: Table, names: tuple[str, ...], changing: tuple[str, ...]) -> Statement:
    """The statement that upserts `:rows`, one JSON list of objects, for `:tenant`."""
    assert "tenant_id" in names, f"a row of {table.name} without its tenant"
    return Statement(upsert_text(table, names, changing, "rows"))


def upsert_text(table: Table, names: Sequence[str], changing: Sequence[str], rows: str) -> str:
    """The same as SQL, its rows under another name; with nothing `changing` a row that is there is a fault."""
    values = [name for name in names if name != "tenant_id"]
    typed = ", ".join(f"{_quote(name)} {_type(table.columns[name])}" for name in values)
    columns = ", ".join(map(_quote, values))
    text = (
        f"INSERT INTO {_quote(table.name)} (tenant_id, {columns}) "  # noqa: S608  # names of our own tables, quoted
        f"SELECT :tenant, {columns} FROM json_to_recordset(:{rows}) AS said({typed})"
    )
    if not changing:
        return text
    key = ", ".join(_quote(column.name) for column in table.primary_key.columns)
    changed = ", ".join(f"{_quote(name)} = excluded.{_quote(name)}" for name in changing)
    return f"{text} ON CONFLICT ({key}) DO UPDATE SET {changed}"


def as_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as one value of a statement."""
    try:
        return orjson.dumps(rows).decode()
    except (
        orjson.JSONEncodeError
    ):  # what is no text or no number for orjson is none for PostgreSQL, which says so better
        return json.dumps(rows, default=str)


def _type(column: Column[Any]) -> str:
    """The column's type in SQL, without its collation."""
    if isinstance(column.type, Text):
        return "text"
    if isinstance(column.type, ARRAY) and isinstance(column.type.item_type, Text):
        return "text[]"
    return str(column.type.compile(_DIALECT))
