"""Many rows in one statement: INSERT with multi-row VALUES, which stays one round trip and one plan, sharded or not.

SQLAlchemy sends row by row where there is an ON CONFLICT, so the text is made here: once per table and number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import dialect as postgresql

MOST_ROWS = 500
_quote = postgresql().identifier_preparer.quote  # type: ignore[no-untyped-call]  # SQLAlchemy's own constructor


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns."""
    _send(connection, table, rows, ())


def upsert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], changing: Sequence[str]
) -> None:
    """Insert rows, or give those that are there the new values of the columns in `changing`."""
    _send(connection, table, rows, tuple(changing))


def _send(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], changing: tuple[str, ...]
) -> None:
    for start in range(0, len(rows), MOST_ROWS):
        some = rows[start : start + MOST_ROWS]
        names = tuple(some[0])
        values = tuple(row[name] for row in some for name in names)
        connection.exec_driver_sql(_statement(table, names, len(some), changing), values)


@lru_cache(maxsize=512)
def _statement(table: Table, names: tuple[str, ...], count: int, changing: tuple[str, ...]) -> str:
    columns = ", ".join(_quote(name) for name in names)
    row = f"({', '.join(['%s'] * len(names))})"
    text = f"INSERT INTO {_quote(table.name)} ({columns}) VALUES {', '.join([row] * count)}"  # noqa: S608  # names of our own tables, quoted
    if not changing:
        return text
    key = ", ".join(_quote(column.name) for column in table.primary_key.columns)
    changed = ", ".join(f"{_quote(name)} = excluded.{_quote(name)}" for name in changing)
    return f"{text} ON CONFLICT ({key}) DO UPDATE SET {changed}"
