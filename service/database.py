"""The one way to PostgreSQL: a pool, and transactions that belong to one tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, create_engine, event

from service import hints
from service.hints import Hints
from sync.server.statement import Statement

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


Question = tuple[Statement, Mapping[str, Any]]
"""A statement and its values."""


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
        # multi-row VALUES also where nothing is returned: single-row executemany is ten times slower when sharded
        self.engine.dialect.use_insertmanyvalues_wo_returning = True

    @contextmanager
    def begin(self, tenant_id: UUID) -> Iterator[Connection]:
        """One transaction of one tenant: committed at the end of the block, rolled back when it raises."""
        with self.engine.begin() as connection:
            _start(connection, f"; {_of(tenant_id)}")
            hints.begin(connection)
            yield connection
            hint = hints.due(connection, tenant_id)
        if hint is not None:  # committed by now
            self._told.send(hint)

    def ask(self, tenant_id: UUID, *questions: Question) -> list[Any] | None:
        """The first row of each statement, all in one round trip, in a transaction that cannot write.

        None when PostgreSQL does not answer: whoever asks then goes the long way, which says so.
        """
        try:
            connection = self.engine.raw_connection()
        except psycopg.OperationalError:  # raw, as the driver raises it
            return None
        driver = connection.driver_connection
        assert isinstance(driver, psycopg.Connection), "statements are sent by psycopg"
        try:
            said = [statement.with_values(driver, **values) for statement, values in questions]
            cursor = driver.cursor(row_factory=namedtuple_row)
            cursor.execute(
                "; ".join((_START, _of(tenant_id), "SET LOCAL transaction_read_only = on", *said, "COMMIT"))
            )
            return [answer.fetchone() for answer in cursor.results() if answer.description]
        except psycopg.OperationalError:
            if driver.closed:  # the others in the pool are cut as well: the long way shall find a new one
                connection.invalidate()
                self.engine.dispose()
            return None
        finally:
            connection.close()

    @contextmanager
    def begin_reference(self) -> Iterator[Connection]:
        """One transaction of the installation: tables of tenants look empty in it."""
        with self.engine.begin() as connection:
            _start(connection)
            yield connection

    def dispose(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()


def _begin_by_ourselves(driver: Any, _: object) -> None:
    """psycopg then sends no BEGIN of its own, a round trip before each transaction; it still commits and rolls back."""
    driver.autocommit = True


def _of(tenant_id: UUID) -> str:
    return f"SET LOCAL app.tenant = '{UUID(str(tenant_id))}'"


def _start(connection: Connection, tenant: str = "") -> None:
    # one round trip: psycopg sends statements without parameters in the simple protocol
    connection.exec_driver_sql(_START + tenant)
