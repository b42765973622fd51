"""Who dies is started again: at once after a long life, ever later after short ones."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from service.dev import programs
from service.dev.children import LaunchError
from service.dev.server import Server
from service.dev.supervisor import HEALTHY_AFTER, LONGEST_PAUSE, Watch


class Fragile(Server):
    """Lives when `lives`, and cannot be launched when `fails`."""

    def __init__(self) -> None:
        super().__init__("Fragile", Path("fragile.log"))
        self.lives = True
        self.fails = False

    def launch(self) -> None:
        if self.fails:
            raise LaunchError("no room")

    def answers(self) -> bool:
        return True

    @property
    def alive(self) -> bool:
        return self.lives


def launches(watch: Watch, seconds: int, said: list[str]) -> list[float]:
    """Look every tenth of a second from second 100 on; at which moments was it launched again?"""
    times: list[float] = []
    for tenth in range(1000, 1000 + seconds * 10):
        before = watch.since
        watch.glance(tenth / 10, said.append)
        if watch.since != before:
            times.append(tenth / 10)
    return times


def test_a_living_server_is_left_alone() -> None:
    server = Fragile()
    assert launches(Watch(server, since=100), 5, []) == []


def test_who_dies_young_waits_twice_as_long_each_time() -> None:
    server = Fragile()
    server.lives = False
    times = launches(Watch(server, since=100), 60, [])
    pauses = [round(later - earlier, 1) for earlier, later in pairwise(times)]
    assert pauses[:4] == sorted(pauses[:4])
    assert pauses[1] > pauses[0]
    assert max(pauses) <= LONGEST_PAUSE + 0.2


def test_who_lived_long_starts_again_at_once() -> None:
    server = Fragile()
    server.lives = False
    assert launches(Watch(server, since=100 - HEALTHY_AFTER - 1), 1, [])[0] == 100.0


def test_a_failed_start_is_told_and_tried_again() -> None:
    server = Fragile()
    server.lives, server.fails = False, True
    said: list[str] = []
    assert len(launches(Watch(server, since=100), 5, said)) > 2
    assert any("could not be started again: no room" in line for line in said)


def test_who_does_not_speak_http_does_not_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as strange:
        url = f"http://127.0.0.1:{strange.getsockname()[1]}"
        program = programs.api("127.0.0.1", 0, url=url, env={}, logs=tmp_path)

        def echo() -> None:
            line, _ = strange.accept()
            with line:
                line.sendall(line.recv(4096))

        with ThreadPoolExecutor(1) as beside:
            beside.submit(echo)
            assert not program.answers()
