"""Transactions: kept or undone as a whole, of one tenant, in batches, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, func, insert, make_url, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service import database as module
from service.database import Database
from sync.server.statement import Statement, ask, go_back
from sync.server.tables import scope
from tests.conftest import owner_url
from tests.servers import admin

NORTH = UUID("11111111-1111-4111-8111-111111111111")
MINE = scope.c.tenant_id == NORTH


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, pool_size=1)
    yield database
    database.dispose()


def count(database: Database) -> int:
    with database.begin(NORTH) as connection:
        return connection.execute(select(func.count()).select_from(scope).where(MINE)).scalar_one()


def insert_and_fail(connection: Connection) -> None:
    connection.execute(insert(scope).values(tenant_id=NORTH, scope_id="person/ana"))
    raise RuntimeError("after the insert")


def test_a_transaction_is_kept_at_its_end_and_undone_when_it_raises(database: Database) -> None:
    with database.begin(NORTH) as connection:
        connection.execute(insert(scope).values(tenant_id=NORTH, scope_id="tenant"))
    with pytest.raises(RuntimeError, match="after the insert"), database.begin(NORTH) as connection:
        insert_and_fail(connection)
    assert count(database) == 1


def test_many_rows_go_in_batches_of_500(database: Database) -> None:
    sent: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    with database.begin(NORTH) as connection:
        rows = [{"tenant_id": NORTH, "scope_id": f"person/{number}"} for number in range(1001)]
        connection.execute(insert(scope), rows)
    inserts = [statement for statement in sent if statement.startswith("INSERT")]
    assert [statement.count("(%(tenant_id") for statement in inserts] == [500, 500, 1]
    assert count(database) == 1001


def test_only_a_tenants_id_gets_into_the_statement(database: Database) -> None:
    with pytest.raises(ValueError, match="badly formed"), database.begin("x'; DROP TABLE notes; --"):  # type: ignore[arg-type]  # what a caller without types would do
        pass


def test_who_waits_too_long_for_a_connection_is_told(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 1)
    database = Database(database_url, pool_size=1)
    with (
        database.begin_reference(),
        database.begin_reference(),
        pytest.raises(PoolTimeout),
        database.begin_reference(),
    ):
        pass
    database.dispose()


def test_a_statement_that_takes_too_long_is_stopped(database: Database) -> None:
    soon = text("SET LOCAL statement_timeout = '50ms'; SELECT pg_sleep(5)")
    with (
        pytest.raises(OperationalError, match="due to statement timeout"),
        database.begin(NORTH) as connection,
    ):
        connection.execute(soon)
    assert count(database) == 0


SCOPES = Statement("SELECT count(*) AS rows FROM sync_scope WHERE tenant_id = :tenant")


def test_a_question_that_nobody_can_answer_is_none() -> None:
    away = Database("postgresql+psycopg://comewatch_rw@/db?host=/nowhere")
    assert away.ask(NORTH, (SCOPES, {"tenant": NORTH})) is None


def test_after_a_question_on_a_cut_connection_the_next_transaction_works(database_url: str) -> None:
    database = Database(database_url, pool_size=3)
    with database.begin(NORTH), database.begin(NORTH), database.begin(NORTH):
        pass
    with admin(make_url(owner_url(database_url))) as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert database.ask(NORTH, (SCOPES, {"tenant": NORTH})) is None
    assert count(database) == 0
    assert database.ask(NORTH, (SCOPES, {"tenant": NORTH})) == [[(0,)]]
    database.dispose()


ASKS = Statement("SELECT count(*) AS rows FROM sync_mark WHERE tenant_id = :tenant")


@pytest.mark.parametrize("driver_keeps_some", [True, False])
def test_plans_are_kept_or_made_anew_after_a_rollback(database_url: str, driver_keeps_some: bool) -> None:
    database = Database(database_url, pool_size=1)
    hers = {"tenant": NORTH}
    for _ in range(3):
        with suppress(KeyError), database.begin_asking(NORTH, (SCOPES, hers)) as (connection, answers):
            assert answers == [[(0,)]]
            if driver_keeps_some:  # it then has all plans dropped at the rollback, those of others too
                SCOPES.rows(connection, tenant=NORTH)
            assert ask(connection, (ASKS, hers), "SAVEPOINT here") == [[(0,)]]
            go_back(connection, "here")
            assert ask(connection, (ASKS, hers), (SCOPES, hers)) == [[(0,)], [(0,)]]
            raise KeyError
    database.dispose()


def test_who_needs_a_plan_of_a_table_that_is_being_altered_does_not_wait_for_ever(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    with admin(make_url(owner_url(database_url))) as owner:
        owner.execute("BEGIN; LOCK TABLE sync_mark IN ACCESS EXCLUSIVE MODE")
        with (
            pytest.raises(OperationalError, match="lock timeout"),
            database.begin_asking(NORTH, (ASKS, {"tenant": NORTH})),
        ):
            pytest.fail("it was not let in")
        owner.execute("ROLLBACK")
    with database.begin_asking(NORTH, (ASKS, {"tenant": NORTH})) as (_, answers):
        assert answers == [[(0,)]]
    database.dispose()
