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
import psycopg
from sqlalchemy import ARRAY, Column, Connection, Table, Text
from sqlalchemy.dialects.postgresql import dialect as postgresql
from sqlalchemy.exc import DBAPIError

MOST_ROWS = 500
_DIALECT = postgresql()  # type: ignore[no-untyped-call]  # SQLAlchemy's own constructor
_quote = _DIALECT.identifier_preparer.quote


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns, the tenant among them."""
    _send(connection, table, rows, ())


def upsert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], changing: Sequence[str]
) -> None:
    """Insert rows, or give those that are there the new values of the columns in `changing`."""
    _send(connection, table, rows, tuple(changing))


def _send(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], changing: tuple[str, ...]
) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection), "rows are sent by psycopg"
    for start in range(0, len(rows), MOST_ROWS):
        some = rows[start : start + MOST_ROWS]
        _execute(driver, _statement(table, tuple(some[0]), changing), _as_json(some))


def _as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    try:
        return orjson.dumps(rows).decode()
    except (
        orjson.JSONEncodeError
    ):  # what is no text or no number for orjson is none for PostgreSQL, which says so better
        return json.dumps(rows, default=str)


def _execute(driver: psycopg.Connection[Any], statement: bytes, rows: str) -> None:
    try:
        with psycopg.RawCursor(driver) as cursor:
            cursor.execute(statement, [rows])
    except psycopg.Error as fault:  # callers know the faults of SQLAlchemy, as from any other statement
        raise DBAPIError.instance(statement[:200].decode(), None, fault, psycopg.Error) from fault


@lru_cache(maxsize=512)
def _statement(table: Table, names: tuple[str, ...], changing: tuple[str, ...]) -> bytes:
    assert "tenant_id" in names, f"a row of {table.name} without its tenant"
    columns = ", ".join(map(_quote, names))
    typed = ", ".join(f"{_quote(name)} {_type(table.columns[name])}" for name in names)
    text = (
        f"INSERT INTO {_quote(table.name)} ({columns}) "  # noqa: S608  # names of our own tables, quoted
        f"SELECT {columns} FROM json_to_recordset($1) AS said({typed})"
    )
    if not changing:
        return text.encode()
    key = ", ".join(_quote(column.name) for column in table.primary_key.columns)
    changed = ", ".join(f"{_quote(name)} = excluded.{_quote(name)}" for name in changing)
    return f"{text} ON CONFLICT ({key}) DO UPDATE SET {changed}".encode()


def _type(column: Column[Any]) -> str:
    """The column's type in SQL, without its collation."""
    if isinstance(column.type, Text):
        return "text"
    if isinstance(column.type, ARRAY) and isinstance(column.type.item_type, Text):
        return "text[]"
    return str(column.type.compile(_DIALECT))
