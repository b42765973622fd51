"""SQL that every push or pull sends: its text made once, its values sent apart from it, its plan kept by the connection.

SQLAlchemy's Core builds and caches such a statement as well, at a cost that is several times the database's own. What is
asked rarely stays with Core; both speak through the same connection and transaction, and raise the same faults.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import namedtuple_row
from psycopg.sql import quote
from psycopg.types.numeric import Int8
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_NAME = re.compile(r"(?<!:):([a-z_]+)")


class Statement:
    """One SQL text in which `:name` stands for a value.

    Lists travel as JSON text (see `as_list`): the driver's own arrays cost more than the rest of the statement.
    """

    def __init__(self, text: str, *, binary: bool = False) -> None:
        """`binary`: its answer comes in PostgreSQL's binary form, of which only a large bytea has much good."""
        self.text, self._binary = text, binary
        self._names = tuple(dict.fromkeys(_NAME.findall(text)))
        self._query = _NAME.sub(lambda found: f"${self._names.index(found[1]) + 1}", text).encode()

    def rows(self, connection: Connection, **values: Any) -> list[Any]:
        """Send it in the transaction of `connection`; returns its rows as named tuples. Raises SQLAlchemy's faults."""
        with _cursor(connection) as cursor:
            self._send(cursor, values)
            return cursor.fetchall()

    def row(self, connection: Connection, **values: Any) -> Any:
        """Its first row, or None."""
        with _cursor(connection) as cursor:
            self._send(cursor, values)
            return cursor.fetchone()

    def run(self, connection: Connection, **values: Any) -> None:
        """Send what answers no rows."""
        with _cursor(connection) as cursor:
            self._send(cursor, values)

    def with_values(self, connection: psycopg.Connection[Any], **values: Any) -> str:
        """The text with its values written into it, for a message that holds several statements."""
        said = {name: _literal(value, connection) for name, value in values.items()}
        return _NAME.sub(lambda found: said[found[1]], self.text)

    def _send(self, cursor: psycopg.RawCursor[Any], values: dict[str, Any]) -> None:
        try:
            said = [_said(values[name]) for name in self._names]
            cursor.execute(self._query, said, prepare=True, binary=self._binary)
        except psycopg.Error as fault:  # callers know the faults of SQLAlchemy, as from any other statement
            raise DBAPIError.instance(self.text[:200], None, fault, psycopg.Error) from fault


def _said(value: Any) -> Any:
    """psycopg types a number by its size, which would make another statement of it for the server."""
    return Int8(value) if type(value) is int else value


def _literal(value: Any, connection: psycopg.Connection[Any]) -> str:
    if type(value) is int:
        return str(value)
    return f"'{value}'::uuid" if type(value) is UUID else quote(value, connection)


def as_list(values: Iterable[str | tuple[str, ...]]) -> str:
    """Texts, or keys of several, as one value: PostgreSQL's `json_array_elements` takes them apart."""
    return orjson.dumps(list(values)).decode()


def _cursor(connection: Connection) -> psycopg.RawCursor[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection), "statements are sent by psycopg"
    return psycopg.RawCursor(driver, row_factory=namedtuple_row)
