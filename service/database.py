"""The one way to PostgreSQL: a pool, and transactions that belong to one tenant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, PoolProxiedConnection, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from service import hints
from service.hints import Hints
from sync.server import statement
from sync.server.statement import Question, driver_of

ROLE = "comewatch_rw"
PATIENCE_S = 5
"""How long a request waits for a connection, new or pooled, before it is told to come again."""
_LIMITS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "plan_cache_mode": "force_generic_plan",  # else each connection plans a pull ten times, at 5 ms, before it keeps the plan
    "jit": "off",  # our statements are short, and compiling one takes longer than any of them
}
_START = "; ".join(
    ["BEGIN", f"SET LOCAL ROLE {ROLE}", *(f"SET LOCAL {name} = '{limit}'" for name, limit in _LIMITS.items())]
)


Begun = tuple[Connection, list[list[Any]]]
"""A transaction, and the rows of what was asked at its start."""


class Database:
    """Transactions on PostgreSQL. Every one is one tenant's, or the installation's (reference tables only).

    The tenant and the role are set with SET LOCAL at the start of each transaction: nothing stays on the connection,
    so a pooler in transaction mode may stand between.
    """

    def __init__(
        self,
        url: str,
        *,
        prepared_statements: bool = True,
        pool_size: int = 10,
        told: Hints | None = None,
    ) -> None:
        self._told = told or Hints()
        connect_args: dict[str, Any] = {"connect_timeout": PATIENCE_S}
        if not prepared_statements:
            connect_args["prepare_threshold"] = None
        self.engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=PATIENCE_S,
            connect_args=connect_args,
            insertmanyvalues_page_size=500,
        )
        event.listen(self.engine, "connect", _begin_by_ourselves)
        event.listen(self.engine, "rollback", _plans_are_gone)
        event.listen(self.engine, "rollback_savepoint", lambda connection, *_: _plans_are_gone(connection))
        # multi-row VALUES also where nothing is returned: single-row executemany is ten times slower when sharded
        self.engine.dialect.use_insertmanyvalues_wo_returning = True

    @contextmanager
    def begin(self, tenant_id: UUID) -> Iterator[Connection]:
        """One transaction of one tenant: committed at the end of the block, rolled back when it raises."""
        with self.begin_asking(tenant_id) as (connection, _):
            yield connection

    @contextmanager
    def begin_asking(self, tenant_id: UUID, *questions: Question) -> Iterator[Begun]:
        """`begin`, with the rows of each question, which go in the message that begins it."""
        with self.engine.begin() as connection:
            answers = self._first(connection, f"{_START}; {_of(tenant_id)}", *questions)
            hints.begin(connection)
            yield connection, answers
            hint = hints.due(connection, tenant_id)
        if hint is not None:  # committed by now
            self._told.send(hint)

    def ask(self, tenant_id: UUID, *questions: Question) -> list[list[Any]] | None:
        """The rows of each statement, all in one round trip, in a transaction that cannot write.

        None when PostgreSQL does not answer: whoever asks then goes the long way, which says so.
        """
        try:
            connection = self.engine.raw_connection()
        except psycopg.OperationalError:  # raw, as the driver raises it
            return None
        try:
            reading = f"{_START}; {_of(tenant_id)}; SET LOCAL transaction_read_only = on"
            return statement.converse(driver_of(connection), connection.info, (reading, *questions, "COMMIT"))
        except DBAPIError as fault:
            statement.forget_plans(connection.info)
            if not isinstance(fault, OperationalError):
                raise
            self._notice_cut(connection)
            return None
        finally:
            connection.close()

    @contextmanager
    def begin_reference(self) -> Iterator[Connection]:
        """One transaction of the installation: tables of tenants look empty in it."""
        with self.engine.begin() as connection:
            self._first(connection, _START)
            yield connection

    def _first(self, connection: Connection, start: str, *questions: Question) -> list[list[Any]]:
        try:
            return statement.ask(connection, start, *questions)
        except DBAPIError:
            self._notice_cut(connection)
            raise

    def _notice_cut(self, connection: Connection | PoolProxiedConnection) -> None:
        """Where this connection is cut, the others in the pool are as well: whoever comes next shall find a new one."""
        if not driver_of(connection).closed:
            return
        pooled = connection.connection if isinstance(connection, Connection) else connection
        # as SQLAlchemy does where it notices by itself; to dispose of the pool would lose who is out of it just now
        self.engine.pool._invalidate(pooled)
        if isinstance(connection, Connection):
            connection.invalidate()

    def dispose(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()
        self._told.close()


def _begin_by_ourselves(driver: Any, _: object) -> None:
    """psycopg then sends no BEGIN of its own, a round trip before each transaction; it still commits and rolls back."""
    driver.autocommit = True


def _plans_are_gone(connection: Connection) -> None:
    if not connection.invalidated:
        statement.forget_plans(connection.info)


def _of(tenant_id: UUID) -> str:
    return f"SET LOCAL app.tenant = '{UUID(str(tenant_id))}'"
