"""Many rows in one statement: INSERT with multi-row VALUES, which stays one round trip and one plan, sharded or not.

SQLAlchemy sends row by row where there is an ON CONFLICT, and psycopg reads a long text for its placeholders each time it is
sent. So the text is made here, once per table and number of rows, with the server's own placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import dialect as postgresql
from sqlalchemy.exc import DBAPIError

MOST_ROWS = 500
_quote = postgresql().identifier_preparer.quote  # type: ignore[no-untyped-call]  # SQLAlchemy's own constructor


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
        names = tuple(some[0])
        values = [row[name] for row in some for name in names]
        _execute(driver, _statement(table, names, len(some), changing), values)


def _execute(driver: psycopg.Connection[Any], statement: bytes, values: list[Any]) -> None:
    try:
        with psycopg.RawCursor(driver) as cursor:
            cursor.execute(statement, values)
    except psycopg.Error as fault:  # callers know the faults of SQLAlchemy, as from any other statement
        raise DBAPIError.instance(statement[:200].decode(), None, fault, psycopg.Error) from fault


@lru_cache(maxsize=512)
def _statement(table: Table, names: tuple[str, ...], count: int, changing: tuple[str, ...]) -> bytes:
    assert "tenant_id" in names, f"a row of {table.name} without its tenant"
    columns = ", ".join(_quote(name) for name in names)
    rows = ", ".join(_placeholders(row * len(names), len(names)) for row in range(count))
    text = f"INSERT INTO {_quote(table.name)} ({columns}) VALUES {rows}"  # noqa: S608  # names of our own tables, quoted
    if not changing:
        return text.encode()
    key = ", ".join(_quote(column.name) for column in table.primary_key.columns)
    changed = ", ".join(f"{_quote(name)} = excluded.{_quote(name)}" for name in changing)
    return f"{text} ON CONFLICT ({key}) DO UPDATE SET {changed}".encode()


def _placeholders(first: int, count: int) -> str:
    return f"({', '.join(f'${number}' for number in range(first + 1, first + count + 1))})"
