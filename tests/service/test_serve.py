"""The API over real HTTP: what its server decides, and what happens when a process of it is killed or asked to stop."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from service.app import make_services
from service.dev import programs
from service.dev.ports import free_pair, is_free
from service.dev.programs import Program
from service.process import open_many_files
from service.serve import GRACE_S
from service.settings import Settings
from tests.builders import make_person, make_tenant, sign_in
from tests.conftest import environment

CODE, PUSH = "/v1/sign-in/code", "/v1/sync/push"
MIB = 2**20
SOON_S = 30.0
CLOSE = "Connection: close\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


class Api(Program):
    """The API as `make run` starts it."""

    def __init__(self, sound: Program, port: int) -> None:
        super().__init__(
            sound.name, sound.command[2:], env=sound.env, logs=sound.log.parent, health=sound.health
        )
        self.port = port

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=SOON_S)

    def say(self, *parts: bytes) -> bytes:
        """Send this on one connection, and read until it is closed."""
        with self.connect() as line:
            for part in parts:
                line.sendall(part)
            return heard(line)

    @property
    def master(self) -> psutil.Process:
        assert self.process is not None
        return psutil.Process(self.process.pid)


def heard(line: socket.socket) -> bytes:
    """All that comes until the connection is closed; a reset ends it too."""
    came = b""
    try:
        while some := line.recv(MIB):
            came += some
    except ConnectionResetError:
        pass
    return came


def status(answer: bytes) -> int:
    """The status of the first answer, other than `100 Continue`."""
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    return int(answer.split(b" ", 2)[1]) if answer else 0


def until(condition: Callable[[], bool], within_s: float = SOON_S) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def surroundings(session_database_url: str, token_key: str) -> dict[str, str]:
    return {**os.environ, **environment(session_database_url, token_key), "LOG_LEVEL": "WARNING"}


@pytest.fixture(scope="module")
def token(surroundings: dict[str, str]) -> Iterator[str]:
    services = make_services(Settings.from_environment(surroundings))
    tenant_id = make_tenant(services)
    yield sign_in(services, tenant_id, make_person(services, tenant_id, "hana-host"))
    services.database.dispose()


def make_api(surroundings: dict[str, str], logs: Path, port: int | None = None) -> Api:
    port = port or free_pair()
    url = f"http://127.0.0.1:{port}"
    return Api(programs.api("127.0.0.1", port, url=url, env=surroundings, logs=logs), port)


@pytest.fixture(scope="module")
def api(surroundings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    api = make_api(surroundings, tmp_path_factory.mktemp("logs"))
    api.start()
    yield api
    api.stop()


@pytest.fixture
def mortal(surroundings: dict[str, str], tmp_path: Path) -> Iterator[Api]:
    """One for a single test, which may kill it."""
    api = make_api(surroundings, tmp_path)
    api.start()
    yield api
    api.stop()


def head(start: str, *more: str) -> bytes:
    return f"{start} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n{''.join(more)}\r\n".encode()


def pushing(token: str, body: bytes, announced: int | None = None) -> bytes:
    length = len(body) if announced is None else announced
    return (
        head(f"POST {PUSH}", f"Authorization: Bearer {token}\r\n", f"Content-Length: {length}\r\n", CLOSE)
        + body
    )


def chunks(count: int, size: int) -> bytes:
    return (b"%x\r\n" % size + b" " * size + b"\r\n") * count + b"0\r\n\r\n"


ODD: dict[str, tuple[tuple[bytes, ...], int]] = {
    "a NUL in the path": ((head("GET /v1/%00", CLOSE),), 400),
    "no UTF-8 in the path": ((head("GET /v1/%ff", CLOSE),), 400),
    "bare UTF-8 in the path": (
        ("GET /v1/é HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode(),),
        404,
    ),
    "bare UTF-8 in the query": ((head("GET /v1/€?€=€", CLOSE),), 404),
    "two slashes": ((head("GET //elsewhere.example/v1", CLOSE),), 404),
    "another's address": ((head("GET http://elsewhere.example/health", CLOSE),), 200),
    "a long path": ((head(f"GET /{'a' * 60_000}", CLOSE),), 404),
    "a path too long": ((head(f"GET /{'a' * MIB}"),), 431),
    "a header too long": ((head("GET /health", f"X: {'a' * MIB}\r\n"),), 431),
    "too many headers": ((head("GET /health", *(f"X-{n}: 1\r\n" for n in range(500))),), 431),
    "a header that is no ASCII": ((head("GET /health", "Authorization: Bearer é\r\n", CLOSE),), 200),
    "two lengths": ((head(f"POST {CODE}", "Content-Length: 2\r\n", "Content-Length: 3\r\n"), b"{} "), 400),
    "no length": ((head(f"POST {CODE}", "Content-Length: -1\r\n"), b"{}"), 400),
    "no HTTP": ((b"\x16\x03\x01" + bytes(100),), 400),
    "a method that is none": ((head("PROPFIND /health", CLOSE),), 405),
    "a body that is waited for": (
        (head(f"POST {CODE}", "Content-Length: 2\r\n", "Expect: 100-continue\r\n", CLOSE), b"{}"),
        422,
    ),
    "a body in chunks": ((head(f"POST {CODE}", CHUNKED, CLOSE), b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), 422),
    "no chunk": ((head(f"POST {CODE}", CHUNKED), b"zz\r\n"), 422),
    "too large, as it says itself": ((head(f"POST {CODE}", f"Content-Length: {MIB + 1}\r\n"),), 413),
    "too large, in chunks": ((head(f"POST {CODE}", CHUNKED, CLOSE), chunks(16, MIB // 8)), 413),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_answered(api: Api, name: str) -> None:
    said, expected = ODD[name]
    answer = api.say(*said)
    assert status(answer) == expected, answer[:500]
    if expected in {404, 405, 413, 422}:
        assert b"content-type: application/problem+json" in answer


def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(api: Api, token: str) -> None:
    """What came of it would be good JSON."""
    with api.connect() as line:
        line.sendall(pushing(token, b'{"changes":[]}', announced=40))
        line.shutdown(socket.SHUT_WR)
        assert status(heard(line)) == 400


def test_the_largest_push_is_taken_and_its_memory_given_back(api: Api, token: str) -> None:
    whole = pushing(token, b'{"changes":[]}'.ljust(32 * MIB))
    sizes = []
    for _ in range(6):
        assert status(api.say(whole)) == 200
        sizes.append(sum(one.memory_info().rss for one in api.master.children()))
    assert max(sizes[3:]) - max(sizes[:3]) < 64 * MIB, sizes


def test_requests_on_one_connection_are_answered_in_turn(api: Api) -> None:
    answers = api.say(
        head("GET /health") + head("GET /nowhere") + head("HEAD /health") + head("GET /health", CLOSE)
    )
    assert [int(one[:3]) for one in answers.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200, 200]
    assert answers.count(b'{"status":"ok"}') == 2
    assert answers.count(b"content-length: 15\r\n") == 3
    assert answers.count(b"content-length: ") == 4


def test_those_who_are_silent_hold_up_nobody(api: Api) -> None:
    """Phones that keep a connection, and some that never finish their first word."""
    open_many_files()
    with ExitStack() as lines:
        for number in range(1500):
            line = lines.enter_context(api.connect())
            line.sendall(b"GET /hea" if number % 2 else b"")
        assert status(api.say(head("GET /health", CLOSE))) == 200


def test_a_phone_that_fell_silent_in_mid_word_is_looked_for(api: Api) -> None:
    """Without the kernel's probes it would hold a thread for ever."""
    with api.connect() as line:
        line.sendall(head(f"POST {CODE}", "Content-Length: 9\r\n"))
        theirs, ours = f":{line.getsockname()[1]:04X}", f":{api.port:04X}"
        until(lambda: any(probed(entry, ours, theirs) for entry in connections()))


def connections() -> list[list[str]]:
    return [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]


def probed(entry: list[str], ours: str, theirs: str) -> bool:
    """Whether a keep-alive timer (2) runs on our end of that connection."""
    return entry[1].endswith(ours) and entry[2].endswith(theirs) and entry[5].startswith("02:")


def test_a_port_is_served_once(api: Api, surroundings: dict[str, str], tmp_path: Path) -> None:
    second = make_api(surroundings, tmp_path, api.port)
    second.launch()
    assert second.process
    assert second.process.wait(SOON_S) == 1
    assert f"Cannot listen on 127.0.0.1:{api.port}: Address already in use" in second.log.read_text()


def test_who_is_killed_is_replaced_and_nobody_outlives_the_master(mortal: Api) -> None:
    first, second = (one.pid for one in mortal.master.children())
    os.kill(first, signal.SIGKILL)
    assert status(mortal.say(head("GET /health", CLOSE))) == 200
    until(lambda: len({one.pid for one in mortal.master.children()} - {first, second}) == 1)
    mortal.kill()
    until(lambda: is_free(mortal.port), within_s=2)


def test_who_is_asked_to_stop_answers_what_was_begun(mortal: Api) -> None:
    with mortal.connect() as begun, mortal.connect() as idle, mortal.connect() as stalled:
        begun.sendall(head(f"POST {CODE}", "Content-Length: 2\r\n") + b"{")
        idle.sendall(head("HEAD /health"))
        assert status(idle.recv(MIB)) == 200
        stalled.sendall(head(f"POST {CODE}", "Content-Length: 2\r\n") + b"{")
        time.sleep(0.5)
        asked = time.monotonic()
        mortal.ask_to_end()
        time.sleep(0.5)
        begun.sendall(b"}")
        assert status(heard(begun)) == 422
        assert heard(idle) == b""
        mortal.ended()
        assert time.monotonic() - asked < GRACE_S + 3
        assert heard(stalled) == b""
    assert is_free(mortal.port)
