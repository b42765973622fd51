"""What a dead worker was doing is done by another."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from procrastinate import App

from service import jobs
from service.settings import Settings

Row = tuple[Any, ...]


@pytest.fixture
def queue(settings: Settings) -> App:
    return jobs.worker_queue(settings)


def add_job(
    connection: psycopg.Connection[Any],
    *,
    heard_s_ago: float | None,
    attempts: int = 0,
    queueing_lock: str | None = None,
    status: str = "doing",
) -> int:
    """A job under way at a worker that was last heard of so long ago; None: at one that is known no more."""
    worker = None
    if heard_s_ago is not None:
        added = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s)) RETURNING id"
        worker = connection.execute(added, [heard_s_ago]).fetchone()[0]  # type: ignore[index]  # it returns a row
    added = (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts, worker_id, queueing_lock) "
        "VALUES ('default', 'greet', %s::procrastinate_job_status, %s, %s, %s) RETURNING id"
    )
    number: int = connection.execute(added, [status, attempts, worker, queueing_lock]).fetchone()[0]  # type: ignore[index]  # it returns a row
    connection.commit()
    return number


def rescue(queue: App) -> int:
    async def open_and_rescue() -> int:
        async with queue.open_async():
            return await jobs.rescue(queue)

    return asyncio.run(open_and_rescue())


def status(connection: psycopg.Connection[Any], number: int) -> Row | None:
    found = connection.execute(
        "SELECT status, attempts FROM procrastinate_jobs WHERE id = %s", [number]
    ).fetchone()
    connection.commit()
    return found


@pytest.mark.parametrize("heard_s_ago", [61, None])
def test_a_dead_workers_job_waits_again(
    queue: App, connection: psycopg.Connection[Any], heard_s_ago: float | None
) -> None:
    number = add_job(connection, heard_s_ago=heard_s_ago)
    assert rescue(queue) == 1
    assert status(connection, number) == ("todo", 1)


def test_a_living_workers_job_is_left_alone(queue: App, connection: psycopg.Connection[Any]) -> None:
    number = add_job(connection, heard_s_ago=50)
    assert rescue(queue) == 0
    assert status(connection, number) == ("doing", 0)


def test_a_job_that_kills_its_workers_is_given_up(queue: App, connection: psycopg.Connection[Any]) -> None:
    last_chance = add_job(connection, heard_s_ago=61, attempts=19)
    too_often = add_job(connection, heard_s_ago=61, attempts=20)
    assert rescue(queue) == 2
    assert status(connection, last_chance) == ("todo", 20)
    assert status(connection, too_often) == ("failed", 21)


def test_a_dead_run_of_a_periodic_task_does_not_stop_the_rescue_of_others(
    queue: App, connection: psycopg.Connection[Any]
) -> None:
    dead = add_job(connection, heard_s_ago=61, queueing_lock="expire")
    add_job(connection, heard_s_ago=None, status="todo", queueing_lock="expire")
    other = add_job(connection, heard_s_ago=61)
    assert rescue(queue) == 2
    assert status(connection, dead) == ("failed", 1)
    assert status(connection, other) == ("todo", 1)


def test_the_rescue_itself_holds_no_lock(queue: App) -> None:
    """Else the rescue of a worker that died in it would keep every later one from starting."""
    assert queue.tasks["rescue_stalled"].lock is None
    assert queue.tasks["rescue_stalled"].queueing_lock == "rescue_stalled"
