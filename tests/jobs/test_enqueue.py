"""A job is there exactly when what it is about is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from service.database import Database
from service.jobs import LONGEST_WAIT_S, MOST_ATTEMPTS, Patient, enqueue

Rows = list[tuple[Any, ...]]
TENANT = uuid4()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, pool_size=2)
    yield database
    database.dispose()


def jobs(connection: psycopg.Connection[Any]) -> Rows:
    return connection.execute("SELECT task_name, args, lock FROM procrastinate_jobs ORDER BY id").fetchall()


def test_it_is_there_after_the_commit_and_not_before(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    with database.begin(TENANT) as ours:
        assert enqueue(ours, "greet", name="Hana", times=2) == 1
        assert jobs(connection) == []
    assert jobs(connection) == [("greet", {"name": "Hana", "times": 2}, None)]


def test_it_rolls_back_with_the_transaction(database: Database, connection: psycopg.Connection[Any]) -> None:
    with suppress(ZeroDivisionError), database.begin(TENANT) as ours:
        enqueue(ours, "greet")
        raise ZeroDivisionError
    assert jobs(connection) == []


def test_the_transaction_stays_ours(database: Database) -> None:
    """Borrowed by the queue, the connection still has our role, our tenant and our way of reading rows."""
    with database.begin(TENANT) as ours:
        enqueue(ours, "greet")
        row = ours.exec_driver_sql("SELECT current_user, current_setting('app.tenant')").one()
    assert tuple(row) == ("comewatch_rw", str(TENANT))


def test_of_one_key_one_waits(database: Database, connection: psycopg.Connection[Any]) -> None:
    with database.begin(TENANT) as ours:
        assert enqueue(ours, "greet", key="hana", time=1) is not None
        assert enqueue(ours, "greet", key="hana", time=2) is None
        assert enqueue(ours, "greet", key="olga", time=3) is not None
        assert enqueue(ours, "greet", time=4) is not None
    assert [lock for _, _, lock in jobs(connection)] == ["hana", "olga", None]


def test_while_one_runs_another_may_wait(database: Database, connection: psycopg.Connection[Any]) -> None:
    with database.begin(TENANT) as ours:
        enqueue(ours, "greet", key="hana", time=1)
    connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    connection.commit()
    with database.begin(TENANT) as ours:
        assert enqueue(ours, "greet", key="hana", time=2) is not None


class Tried:
    """A job that was tried so often."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts


def test_patience_grows_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []
    monkeypatch.setattr("service.jobs.RetryDecision", lambda retry_in: waits.append(retry_in["seconds"]))
    for attempts in (0, 1, 5, 9, 50, MOST_ATTEMPTS - 1):
        Patient().get_retry_decision(exception=OSError(), job=Tried(attempts))  # type: ignore[arg-type]  # a double
    assert waits == [1, 2, 32, 512, LONGEST_WAIT_S, LONGEST_WAIT_S]
    assert Patient().get_retry_decision(exception=OSError(), job=Tried(MOST_ATTEMPTS)) is None  # type: ignore[arg-type]  # a double
