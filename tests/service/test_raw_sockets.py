"""What no client of HTTP would send: answered by a 4xx or a closed connection, and the server answers the next as before."""

from __future__ import annotations

import gzip
import socket
import time

import pytest

from tests.service.test_serve import CHUNKED, CLOSE, CODE, Api, api, head, heard, status, surroundings

__all__ = ["api", "surroundings"]
LENGTH = "Content-Length: 2\r\n"
HOST = b"Host: here\r\n"
SHORT_S = 2.0
BOMB = gzip.compress(bytes(2**24))
NEVER_READ = b"GET /smuggled HTTP/1.1\r\nHost: here\r\n\r\n"

REFUSED: dict[str, bytes] = {
    "no request line": b"\r\n\r\n\r\n\r\n",
    "a line of one word": b"HELLO\r\n\r\n",
    "a line of four words": b"GET /health HTTP/1.1 again\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /health\r\n\r\n",
    "HTTP/3.7": b"GET /health HTTP/3.7\r\n" + HOST + b"\r\n",
    "a header without a colon": b"GET /health HTTP/1.1\r\nnonsense\r\n\r\n",
    "a header with a blank in its name": b"GET /health HTTP/1.1\r\nX Y: 1\r\n\r\n",
    "a folded header": b"GET /health HTTP/1.1\r\nX: 1\r\n 2\r\n\r\n",
    "a NUL in a header": b"GET /health HTTP/1.1\r\nX: a\0b\r\n\r\n",
    "a NUL in the path as it is": b"GET /hea\0lth HTTP/1.1\r\n" + HOST + b"\r\n",
    "a header of 128 KiB": head("GET /health", f"X: {'a' * 2**17}\r\n"),
    "a length that is no number": head(f"POST {CODE}", "Content-Length: two\r\n") + b"{}",
    "a length with a sign": head(f"POST {CODE}", "Content-Length: +2\r\n") + b"{}",
    "a length of many digits": head(f"POST {CODE}", f"Content-Length: {'9' * 40}\r\n") + b"{}",
    "a chunk larger than any": head(f"POST {CODE}", CHUNKED) + b"ffffffffffffffffff\r\n{}",
    "a chunk less than none": head(f"POST {CODE}", CHUNKED) + b"-1\r\n{}",
    "chunks in chunks": head(f"POST {CODE}", "Transfer-Encoding: chunked, chunked\r\n", CLOSE) + b"0\r\n\r\n",
    "an encoding that is none": head(f"POST {CODE}", "Transfer-Encoding: xchunked\r\n", CLOSE) + b"0\r\n\r\n",
    "a bomb": head(f"POST {CODE}", "Content-Encoding: gzip\r\n", f"Content-Length: {len(BOMB)}\r\n", CLOSE)
    + BOMB,
    "an expectation that nobody meets": head(f"POST {CODE}", LENGTH, "Expect: miracles\r\n", CLOSE) + b"{}",
    "CONNECT": b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n",
    "no UTF-8 in the path as it is": b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
    "no UTF-8 in a token": b"GET /v1/me HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer \xff\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_the_next_is_answered(api: Api, name: str) -> None:
    with api.connect() as line:
        line.settimeout(SHORT_S)
        line.sendall(REFUSED[name])
        answer = come(line)
    assert status(answer) in {0, *range(400, 500)}, answer[:300]
    is_well(api)


SMUGGLED: dict[str, tuple[str, ...]] = {
    "a length and chunks": ("Content-Length: 5\r\n", CHUNKED),
    "chunks and a length": (CHUNKED, "Content-Length: 5\r\n"),
    "chunks by another name": ("Content-Length: 5\r\n", "Transfer-Encoding : chunked\r\n"),
    "chunks after a tab": ("Content-Length: 5\r\n", "Transfer-Encoding:\tchunked\r\n"),
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_is_put_behind_a_body_of_two_lengths_is_never_a_request(api: Api, name: str) -> None:
    """Whoever stands before us may have counted by the other: at most one answer, and the connection ends or says no."""
    with api.connect() as line:
        line.settimeout(SHORT_S)
        line.sendall(head(f"POST {CODE}", *SMUGGLED[name]) + b"0\r\n\r\n" + NEVER_READ)
        answer = come(line)
    assert answer.count(b"HTTP/1.1 ") <= 1, answer[:500]
    assert status(answer) in {0, *range(400, 500)}
    is_well(api)


@pytest.mark.parametrize("said", [b"GE", b"GET /health HTTP/1.1\r\nHo", head(f"POST {CODE}", LENGTH) + b"{"])
def test_who_hangs_up_in_mid_word_leaves_nothing_behind(api: Api, said: bytes) -> None:
    for _ in range(50):
        with api.connect() as line:
            line.sendall(said)
    is_well(api)


def test_a_slow_body_is_waited_for_and_holds_up_nobody(api: Api) -> None:
    with api.connect() as line:
        line.sendall(head(f"POST {CODE}", "Content-Length: 20\r\n", CLOSE))
        for _ in range(20):
            line.sendall(b" ")
            time.sleep(0.05)
            is_well(api)
        assert status(heard(line)) in range(400, 500)


def come(line: socket.socket) -> bytes:
    """What comes until the connection is closed, or nothing more comes."""
    came = b""
    try:
        while some := line.recv(2**16):
            came += some
    except (ConnectionResetError, TimeoutError):
        pass
    return came


def is_well(api: Api) -> None:
    assert status(api.say(head("GET /health", CLOSE))) == 200
