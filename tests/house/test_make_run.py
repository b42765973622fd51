"""What `make run` promises: one copy, a free port, nobody dies alone, nothing is lost, nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.media.store import Store
from tests.house.instances import PATIENCE, Running, holds, members, until

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A short path, as a socket's name may have 107 bytes; whatever a failed test leaves is killed."""
    home = tmp_path / "home"
    yield home
    for pid in members(home):
        os.kill(pid, signal.SIGKILL)


def test_a_taken_port_is_refused_with_the_setting_to_change(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        instance = Running(home, port)
        assert instance.process.wait(PATIENCE) == 1
    assert f"Port {port} on 127.0.0.1 is taken" in instance.said
    assert f"PORT={port + 1} make run" in instance.said
    assert instance.members() == {}


def test_a_store_without_its_keys_is_refused(home: Path) -> None:
    instance = Running(home, S3_ENDPOINT="http://127.0.0.1:9000")
    assert instance.process.wait(PATIENCE) == 1
    assert "S3_ACCESS_KEY: Environment variable not set." in instance.said
    assert "S3_SECRET_KEY: Environment variable not set." in instance.said


def test_what_dies_is_started_again_and_ctrl_c_stops_everything(home: Path) -> None:
    instance = Running(home).until_ready()
    second = Running(home)
    assert second.process.wait(PATIENCE) == 1
    assert f"already runs from {home} (pid {instance.process.pid})" in second.said

    for name in ("service.serve", "service.live", "service.worker", "bin/postgres", "weed"):
        replaced(instance, name)
    until(holds(lambda: instance.health() == 200 and instance.sql("SELECT 1")), lambda: instance.said)
    assert instance.said.count("ended unexpectedly (signal 9)") == 5

    assert instance.end(signal.SIGINT) == 0
    assert instance.members() == {}
    assert instance.said.endswith("Stopping.\n")
    assert not (home / "environment").exists()


def replaced(instance: Running, name: str) -> None:
    """Kill the process of that name and wait for its successor."""
    victim = instance.oldest(name)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    until(lambda: instance.oldest(name) not in {None, victim}, lambda: instance.said)


def test_kill_9_leaves_no_orphan_and_loses_nothing(home: Path) -> None:
    first = Running(home).until_ready()
    first.sql("CREATE TABLE kept AS SELECT 'still here' AS word")
    Store(first.settings).put("kept/word", b"still here", "text/plain")
    assert len(first.members()) >= 6

    first.process.kill()
    first.process.wait()
    until(lambda: first.members() == {}, first.members)

    second = Running(home, first.port).until_ready()
    assert second.sql("SELECT word FROM kept") == [("still here",)]
    assert b"".join(Store(second.settings).read("kept/word")) == b"still here"
    assert second.end(signal.SIGTERM) == 0
    assert second.members() == {}
