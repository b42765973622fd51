"""What a decoder that was taken over could do: little, and not for long."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.media.reasons import REASONS, UnfitError
from service.media.recordings import apart
from service.media.recordings.apart import Limits
from tests.media import films

LIMITS = Limits(cpu_seconds=30, file_bytes=1 << 30)
STEPS = """
import json, os, resource, socket, sys, time
from service.media.recordings import apart, steps
steps.probed = lambda source, percent: {program}
sys.exit(apart._main(__import__("pathlib").Path(sys.argv[1]), json.loads(sys.argv[2])))
"""


@pytest.fixture
def act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run an expression as a step, apart."""
    popen = subprocess.Popen

    def run(program: str, limits: Limits = LIMITS, watch: apart.Watch = lambda percent: None) -> Any:
        def replaced(command: list[str], **options: Any) -> Any:
            return popen([sys.executable, "-c", STEPS.format(program=program), *command[-2:]], **options)

        monkeypatch.setattr(apart.subprocess, "Popen", replaced)
        return apart.run("probed", tmp_path / "raw", limits, watch)

    return run


def test_it_holds_none_of_our_secrets(act: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "of the service")
    assert act("sorted(os.environ)") in ([], ["LC_CTYPE"])


def test_it_has_no_network(act: Callable[..., Any]) -> None:
    allowed = subprocess.run(["unshare", "--user", "--net", "true"], check=False).returncode == 0
    if not allowed:
        pytest.skip("this machine lets nobody leave the network")
    assert act("socket.if_nameindex()") == [[1, "lo"]]
    with pytest.raises(OSError, match="Network is unreachable"):
        act("socket.create_connection(('192.0.2.1', 80), 5)")


def test_it_gives_way(act: Callable[..., Any]) -> None:
    assert act("os.nice(0)") == min(os.nice(0) + 10, 19)
    last = Limits(30, 1 << 30, last=True)
    assert act("[os.nice(0), os.sched_getscheduler(0)]", last) == [19, os.SCHED_IDLE]


def test_its_time_is_bounded(act: Callable[..., Any]) -> None:
    with pytest.raises(UnfitError, match="too_slow"):
        act("[None for _ in iter(int, 1)]", Limits(cpu_seconds=1, file_bytes=1 << 30))


def test_the_time_of_what_it_starts_is_bounded(act: Callable[..., Any]) -> None:
    program = (
        "__import__('service.media.recordings.ffmpeg').media.recordings.ffmpeg"
        ".run(['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:d=3600', '-f', 'null', '-'])"
    )
    with pytest.raises(UnfitError, match="too_slow"):
        act(program, Limits(cpu_seconds=1, file_bytes=1 << 30))


def test_its_memory_is_bounded(act: Callable[..., Any]) -> None:
    with pytest.raises(UnfitError, match="too_complex"):
        act("len(bytes(apart.MEMORY))")


def test_its_files_are_bounded(act: Callable[..., Any]) -> None:
    with pytest.raises(OSError, match="File too large"):
        act("open('large', 'wb').write(bytes(2 << 20))", Limits(30, 1 << 20))


def test_a_crash_of_it_is_told(act: Callable[..., Any]) -> None:
    with pytest.raises(UnfitError, match="unreadable"):
        act("os.abort()")
    with pytest.raises(OSError, match="ended with -9"):
        act("os.kill(os.getpid(), 9)")


def test_what_stops_it_stops_all_that_it_started(act: Callable[..., Any], tmp_path: Path) -> None:
    program = (
        "(open('pid', 'w').write(str(__import__('subprocess').Popen(['sleep', '60']).pid)), time.sleep(60))"
    )

    def watch(percent: int) -> None:
        path = tmp_path / "pid"
        if path.exists() and path.read_text():
            raise InterruptedError

    with pytest.raises(InterruptedError):
        act(program, watch=watch)
    assert gone(int((tmp_path / "pid").read_text()))


def test_it_ends_with_its_worker(tmp_path: Path) -> None:
    """Even by -9."""
    program = (
        "import subprocess, sys; from pathlib import Path; from service.media.recordings import apart\n"
        "popen, step = subprocess.Popen, sys.argv[2]\n"
        "def replaced(command, **options):\n"
        "    return popen([sys.executable, '-c', step, *command[-2:]], **options)\n"
        "apart.subprocess.Popen = replaced\n"
        "apart.run('probed', Path(sys.argv[1]), apart.Limits(30, 1 << 20), lambda percent: None)\n"
    )
    step = STEPS.format(program="(open('begun', 'w').close(), time.sleep(600))")
    worker = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "raw"), step])
    try:
        until((tmp_path / "begun").exists)
        child = children(worker.pid)[0]
    finally:
        worker.kill()
        worker.wait()
    until(lambda: gone(child))


def children(pid: int) -> list[int]:
    return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(found: Callable[[], Any]) -> Any:
    end = time.monotonic() + 20
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def test_what_it_says_is_read_to_the_end(act: Callable[..., Any]) -> None:
    heard: list[int] = []
    program = "[percent(number) for number in range(100)] and 'x' * 100_000"
    assert act(program, watch=heard.append) == "x" * 100_000
    assert heard == sorted(heard)


DAMAGED = {"video/mp4": films.mp4, "video/quicktime": films.mov_of_a_camera, "video/webm": films.webm}


@pytest.mark.parametrize("media_type", DAMAGED)
@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_film_plays_or_is_put_away(media_type: str, seed: int, tmp_path: Path) -> None:
    """Whatever is broken in it: nothing that would be tried again for ever."""
    chance, film = random.Random(seed), bytearray(DAMAGED[media_type]())
    head = film.find(b"moov") if media_type != "video/webm" else 0
    for _ in range(5 << seed):
        at = chance.randrange(head, min(len(film), head + 4000) - 4)
        film[at : at + 4] = chance.choice(
            [b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", chance.randbytes(4)]
        )
    path = tmp_path / "raw"
    path.write_bytes(film)
    try:
        made = apart.run("make_playable", path, LIMITS, lambda percent: None, media_type=media_type)
    except UnfitError as fault:
        assert fault.reason in REASONS
    else:
        assert "original" in made["renditions"]
