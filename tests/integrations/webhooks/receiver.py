"""Somebody's server on loopback, which notes what it is sent and answers as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass
class Received:
    """One delivery as it came in."""

    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        said: dict[str, Any] = orjson.loads(self.body)
        return said

    @property
    def says(self) -> tuple[str, str | None]:
        """Its type and the id of its record."""
        return self.event["type"], self.event["data"].get("id")


@dataclass
class Receiver:
    """`answer` gives the status for each delivery; 200 unless a test says otherwise."""

    url: str = ""
    got: list[Received] = field(default_factory=list)
    answer: Callable[[Received], int] = lambda received: 200
    slow_s: float = 0

    @property
    def said(self) -> list[tuple[str, str | None]]:
        return [received.says for received in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received = Received({k.lower(): v for k, v in self.headers.items()}, body, time.monotonic())
            receiver.got.append(received)
            time.sleep(receiver.slow_s)
            try:
                self.send_response(receiver.answer(received))
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                pass  # who called has given up

        def log_message(self, *said: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
