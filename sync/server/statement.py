"""SQL that every push or pull sends: its text made once, its values sent apart from it, its plan kept by the connection.

SQLAlchemy's Core builds and caches such a statement as well, at a cost that is several times the database's own. What is
asked rarely stays with Core; both speak through the same connection and transaction, and raise the same faults.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.rows import namedtuple_row
from psycopg.sql import quote
from psycopg.types.numeric import Int8
from sqlalchemy import Connection, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

_NAME = re.compile(r"(?<!:):([a-z_]+)")
_TYPES = {int: 20, UUID: 2950, datetime: 1184}
"""PostgreSQL's numbers of the types that it could not guess; it finds out about texts by where they stand."""
LONGEST_MESSAGE = 32_768
"""Characters of the values that go in one message with their statements."""
_PREPARED = "the statements whose plans this connection keeps"

Driver = psycopg.Connection[Any]


class Statement:
    """One SQL text in which `:name` stands for a value.

    Lists travel as JSON text (see `as_list`): the driver's own arrays cost more than the rest of the statement.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.names = tuple(dict.fromkeys(_NAME.findall(text)))
        self._query = _NAME.sub(lambda found: f"${self.names.index(found[1]) + 1}", text).encode()
        self.name = f"ours_{sha256(self._query).hexdigest()[:16]}"

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

    def called(self, driver: Driver, prepared: set[str], values: Mapping[str, Any]) -> str:
        """Its call as SQL, for a message that holds several; where the connection may not keep its plan, its text."""
        said = {name: _literal(values[name], driver) for name in self.names}
        if driver.prepare_threshold is None:
            return _NAME.sub(lambda found: said[found[1]], self.text)
        if self.name not in prepared:
            types = [_TYPES.get(type(values[name]), 0) for name in self.names]
            made = driver.pgconn.prepare(self.name.encode(), self._query, types)
            if made.status != ExecStatus.COMMAND_OK:
                raise psycopg.OperationalError("cut off") if driver.closed else error_from_result(made)
            prepared.add(self.name)
        return f"EXECUTE {self.name}({', '.join(said.values())})" if said else f"EXECUTE {self.name}"

    def _send(self, cursor: psycopg.RawCursor[Any], values: dict[str, Any]) -> None:
        with faults_of_sqlalchemy(self.text):
            said = [_said(values[name]) for name in self.names]
            cursor.execute(self._query, said, prepare=True)


Question = tuple[Statement, Mapping[str, Any]]
"""A statement and its values."""


def ask(connection: Connection, *parts: Question | str) -> list[list[Any]]:
    """The rows of each question, all in one message, and so in one round trip, in the transaction of `connection`.

    Each sees what those before it did. A text is a command without rows, such as SAVEPOINT.
    """
    return converse(driver_of(connection), connection.info, parts)


def tell(connection: Connection, *parts: Question) -> None:
    """Send what answers no rows, in this order: in one message where all of it is short, else one by one.

    A long value is cheaper beside its text than in it.
    """
    if len(parts) > 1 and is_short(*parts):
        ask(connection, *parts)
        return
    for statement, values in parts:
        statement.run(connection, **values)


def is_short(*parts: Question) -> bool:
    """Whether the values of these are short enough for one message."""
    said = sum(len(value) for _, values in parts for value in values.values() if isinstance(value, str))
    return said <= LONGEST_MESSAGE


def converse(driver: Driver, known: dict[Any, Any], parts: Sequence[Question | str]) -> list[list[Any]]:
    """`ask` for a connection of the driver; `known` is what is remembered of that connection for as long as it lives."""
    cursor = driver.cursor(row_factory=namedtuple_row)
    with faults_of_sqlalchemy("several statements in one message"):
        prepared = known.get(_PREPARED)
        if prepared is None:
            prepared = known[_PREPARED] = _prepared(driver)
        if isinstance(parts[0], str) and _lacks_plans(driver, prepared, parts):
            # to make a plan waits for a table that is being altered: not before there are limits to waiting
            cursor.execute(parts[0], prepare=False)
            parts = parts[1:]
        said = [p if isinstance(p, str) else p[0].called(driver, prepared, p[1]) for p in parts]
        cursor.execute("; ".join(said), prepare=False)
        return [answer.fetchall() for answer in cursor.results() if _has_rows(answer)]


def _lacks_plans(driver: Driver, prepared: set[str], parts: Sequence[Question | str]) -> bool:
    asked = {part[0].name for part in parts if not isinstance(part, str)}
    return driver.prepare_threshold is not None and not asked <= prepared


def _prepared(driver: Driver) -> set[str]:
    """Which of ours the connection keeps, as far as PostgreSQL knows."""
    if driver.prepare_threshold is None:
        return set()
    ours = "SELECT name FROM pg_prepared_statements WHERE name LIKE 'ours%'"
    return {name for (name,) in driver.execute(ours, prepare=False)}


def go_back(connection: Connection, savepoint: str) -> None:
    """Undo what was done since a SAVEPOINT of this name."""
    ask(connection, f"ROLLBACK TO SAVEPOINT {savepoint}")
    forget_plans(connection.info)


def forget_plans(known: dict[Any, Any]) -> None:
    """After a rollback the driver may have had PostgreSQL drop all plans of the connection, ours too: look again."""
    known.pop(_PREPARED, None)


@contextmanager
def faults_of_sqlalchemy(text: str) -> Iterator[None]:
    """Callers know the faults of SQLAlchemy, as from any other statement."""
    try:
        yield
    except psycopg.Error as fault:
        raise DBAPIError.instance(text[:200], None, fault, psycopg.Error) from fault


def _has_rows(answer: psycopg.Cursor[Any]) -> bool:
    return answer.pgresult is not None and answer.pgresult.nfields > 0


def _said(value: Any) -> Any:
    """psycopg types a number by its size, which would make another statement of it for the server."""
    return Int8(value) if type(value) is int else value


def _literal(value: Any, driver: Driver) -> str:
    if type(value) is int:
        return str(value)
    return f"'{value}'::uuid" if type(value) is UUID else quote(value, driver)


def as_list(values: Iterable[str | tuple[str, ...]]) -> str:
    """Texts, or keys of several, as one value: PostgreSQL's `json_array_elements` takes them apart."""
    return orjson.dumps(list(values)).decode()


def driver_of(connection: Connection | PoolProxiedConnection) -> Driver:
    """The connection beneath SQLAlchemy's."""
    pooled = connection.connection if isinstance(connection, Connection) else connection
    driver = pooled.driver_connection
    assert isinstance(driver, psycopg.Connection), "statements are sent by psycopg"
    return driver


def _cursor(connection: Connection) -> psycopg.RawCursor[Any]:
    return psycopg.RawCursor(driver_of(connection), row_factory=namedtuple_row)
