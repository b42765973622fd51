"""A worker over something long: nothing short waits for it, it is not taken for dead, and it gives it back when asked to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.conftest import environment
from tests.jobs.test_worker import ended, running, until
from tests.media import films
from tests.media.pictures import jpeg
from tests.media.test_transcoding import ID, WHOLE, arrive, told
from tests.media.world import World
from tests.servers import Answer

SECONDS = 40
"""Of film: some seconds of work on any machine."""
Found = Callable[[], object]


@pytest.fixture
def env(world: World, token_key: str, s3: Answer) -> dict[str, str]:
    return environment(world.settings.database_url, token_key, s3)


@pytest.fixture
def status(connection: psycopg.Connection[tuple[object, ...]]) -> Found:
    connection.autocommit = True

    def status() -> object:
        found = connection.execute(
            "SELECT status FROM procrastinate_jobs WHERE task_name = 'transcode_media'"
        ).fetchone()
        return found[0] if found else None

    return status


def ffmpegs(worker: int) -> list[int]:
    """The numbers of FFmpeg's processes below this one."""
    found, waiting = [], [worker]
    while waiting:
        pid = waiting.pop()
        tasks = Path(f"/proc/{pid}/task")
        if tasks.is_dir():
            children = [int(word) for task in tasks.iterdir() for word in _children(task)]
            waiting += children
            found += [child for child in children if _name(child).startswith("ffmpeg")]
    return found


def _children(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except FileNotFoundError:
        return []


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except FileNotFoundError:
        return ""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def over_a_film(
    world: World, env: dict[str, str], status: Found, log: Path
) -> Iterator[tuple[object, list[int]]]:
    """A worker in the middle of a film that can be played already."""
    arrive(world, films.mp4(SECONDS, "1280x720"))
    with running(env, log) as process:
        until(lambda: world.state(ID)[0] == "ready" and status() == "doing", "the long job")
        until(lambda: ffmpegs(process.pid) != [], "FFmpeg")
        yield process, ffmpegs(process.pid)


def test_asked_to_stop_it_gives_the_film_back_and_the_next_ends_it(
    world: World, env: dict[str, str], status: Found, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    with over_a_film(world, env, status, log) as (process, busy):
        assert ended(process, signal.SIGTERM) == 0
        assert [pid for pid in busy if alive(pid)] == []
        assert status() == "todo"
    assert told(world, "state") == ("ready",)
    with running(env, log) as process:
        until(lambda: status() is None, "the end of the job")
        assert ended(process, signal.SIGTERM) == 0
    assert told(world, "progress") == (100,)
    assert world.keys() == sorted([*WHOLE, f"{ID}/720p", f"{ID}/720p.m3u8"])


def test_killed_over_a_film_nothing_of_it_lives_on_and_the_next_ends_it(
    world: World,
    env: dict[str, str],
    status: Found,
    connection: psycopg.Connection[tuple[object, ...]],
    tmp_path: Path,
) -> None:
    log = tmp_path / "worker.log"
    with over_a_film(world, env, status, log) as (process, busy):
        assert ended(process, signal.SIGKILL) == -signal.SIGKILL
        until(lambda: not any(alive(pid) for pid in busy), "the end of FFmpeg")
        assert status() == "doing"
    connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
    with running(env, log) as process:
        until(lambda: status() is None, "the end of the job")
        assert ended(process, signal.SIGTERM) == 0
    assert told(world, "progress", "state") == (100, "ready")
    assert world.keys() == sorted([*WHOLE, f"{ID}/720p", f"{ID}/720p.m3u8"])


def test_a_photo_does_not_wait_for_a_film_and_the_worker_says_that_it_lives(
    world: World,
    env: dict[str, str],
    status: Found,
    connection: psycopg.Connection[tuple[object, ...]],
    tmp_path: Path,
) -> None:
    with over_a_film(world, env, status, tmp_path / "worker.log") as (_, busy):
        for pid in busy:
            os.kill(pid, signal.SIGSTOP)  # as long as it takes
        stopped = connection.execute("SELECT now()").fetchone()
        photo = jpeg()
        world.send(world.declare("photo-of-the-board", photo), photo)
        world.arrive("photo-of-the-board")
        until(lambda: world.state("photo-of-the-board")[0] == "ready", "the photo")
        assert status() == "doing"
        fresh = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > %s"
        until(lambda: connection.execute(fresh, stopped).fetchone() == (3,), "a sign of life of all")
        assert status() == "doing"
