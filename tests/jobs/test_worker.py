"""The worker as a process: it ends what was begun, whoever is killed in between."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.conftest import environment
from tests.media.pictures import SECRETS, jpeg_of_a_phone
from tests.media.world import World
from tests.servers import Answer

ID = "photo-of-the-board"
PATIENCE = 90.0


@contextmanager
def running(env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process; killed at the end if it still runs."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.worker"], env=os.environ | env, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield "http://{}:{}".format(*server.getsockname())


def until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.1)


@pytest.fixture
def env(world: World, token_key: str, s3: Answer) -> dict[str, str]:
    return environment(world.settings.database_url, token_key, s3)


def upload(world: World) -> None:
    raw = jpeg_of_a_phone()
    world.send(world.declare(ID, raw), raw)
    assert world.arrive(ID) == "uploaded"


def status_of_job(connection: psycopg.Connection[tuple[object, ...]]) -> object:
    found = connection.execute(
        "SELECT status FROM procrastinate_jobs WHERE task_name = 'verify_media'"
    ).fetchone()
    connection.commit()
    return found[0] if found else None


def ended(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    process.send_signal(number)
    return process.wait(PATIENCE)


def test_it_makes_the_photo_and_stops_when_asked(
    world: World, env: dict[str, str], connection: psycopg.Connection[tuple[object, ...]], tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    with running(env, log) as process:
        upload(world)  # heard of at once, not at the next poll
        until(lambda: world.state(ID) == ("ready", None), "the photo")
        until(lambda: status_of_job(connection) is None, "the end of the job")
        assert ended(process, signal.SIGTERM) == 0
    stored = world.stored(world.media(ID).key("photo"))
    assert [secret for secret in SECRETS if secret in stored] == []
    assert ID not in log.read_text(), "what is logged by libraries goes without its arguments"


def test_killed_in_the_middle_it_is_done_by_the_next_and_once(
    world: World, env: dict[str, str], connection: psycopg.Connection[tuple[object, ...]], tmp_path: Path
) -> None:
    upload(world)
    log = tmp_path / "worker.log"
    with silent_server() as endpoint, running(env | {"S3_ENDPOINT": endpoint}, log) as first:
        until(lambda: status_of_job(connection) == "doing", "the job")
        assert ended(first, signal.SIGKILL) == -signal.SIGKILL
    assert world.state(ID) == ("uploaded", None)
    connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
    connection.commit()
    with running(env, log) as second:
        until(lambda: world.state(ID) == ("ready", None), "the photo")
        until(lambda: status_of_job(connection) is None, "the end of the job")
        assert ended(second, signal.SIGINT) == 0
    assert world.keys() == [f"{ID}/photo", f"{ID}/small"]


def test_a_store_that_is_away_is_waited_for(
    world: World, env: dict[str, str], connection: psycopg.Connection[tuple[object, ...]], tmp_path: Path
) -> None:
    upload(world)
    log = tmp_path / "worker.log"
    with running(env | {"S3_ENDPOINT": "http://127.0.0.1:9"}, log):
        tried = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'verify_media' AND attempts > 0"
        until(lambda: connection.execute(tried).fetchone() == (1,), "a second try")
        connection.commit()
    assert world.state(ID) == ("uploaded", None)


def test_a_worker_without_a_database_ends_with_one(world: World, env: dict[str, str], tmp_path: Path) -> None:
    nowhere = env | {"DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1"}
    with running(nowhere, tmp_path / "worker.log") as process:
        assert process.wait(PATIENCE) == 1


def test_a_worker_that_loses_its_database_ends_with_one(
    world: World, env: dict[str, str], database_owner_url: str, tmp_path: Path
) -> None:
    """As when PostgreSQL is stopped: connections are cut, and no new one is let in."""
    log = tmp_path / "worker.log"
    with (
        running(env, log) as process,
        psycopg.connect(database_owner_url.replace("+psycopg", ""), autocommit=True) as owner,
    ):
        working = "SELECT count(*) > 0 FROM procrastinate_workers"
        until(lambda: owner.execute(working).fetchone() == (True,), "the worker")
        name = owner.execute("SELECT current_database()").fetchone()
        assert name is not None
        owner.execute(f"ALTER DATABASE {name[0]} CONNECTION LIMIT 0")
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        owner.execute(others)
        assert process.wait(PATIENCE) == 1
        owner.execute(f"ALTER DATABASE {name[0]} CONNECTION LIMIT -1")
