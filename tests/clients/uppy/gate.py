"""A gate in front of the object store: it counts what passes, answers faults in its place, and can be held shut."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Gate:
    """`sent` counts the uploads that the store acknowledged, by part number (0: a file whole)."""

    def __init__(self, store: str) -> None:
        self.store = urlsplit(store)
        self.sent: Counter[int] = Counter()
        self.faults = 0
        self.refused: list[bytes] = []
        self.shut_after: int | None = None
        self.opened = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Passing, self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def open(self) -> None:
        """Let everything pass again; who waited is sent away."""
        self.shut_after = None
        self.opened.set()

    def __exit__(self, *raised: object) -> None:
        self.open()
        self._server.shutdown()
        self._server.server_close()

    def is_shut(self) -> bool:
        """Whether as much has passed as may."""
        return self.shut_after is not None and sum(self.sent.values()) >= self.shut_after

    def take_fault(self) -> bool:
        """Whether this request is to be answered with a fault."""
        with self._lock:
            self.faults -= 1
            return self.faults >= 0


class Passing(BaseHTTPRequestHandler):
    """One connection through the gate."""

    protocol_version = "HTTP/1.1"

    def __init__(self, gate: Gate, *about: Any) -> None:
        self.gate = gate
        super().__init__(*about)

    def do_PUT(self) -> None:
        """Any request: those of other methods are answered by it too."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "PUT" and self.gate.is_shut():
            self.close_connection = True
            self.gate.opened.wait(200)
        elif self.command != "OPTIONS" and self.gate.take_fault():
            self._answer(503, [("Access-Control-Allow-Origin", "*")], b"")
        else:
            self._pass_on(body)

    do_POST = do_GET = do_OPTIONS = do_PUT  # noqa: N815  # the names that the server looks for

    def _pass_on(self, body: bytes) -> None:
        store = self.gate.store
        there = HTTPConnection(store.hostname or "", store.port or 80, timeout=60)
        there.request(self.command, self.path, body, dict(self.headers))
        answer = there.getresponse()
        said = answer.read()
        if self.command in ("PUT", "POST") and answer.status < 300:
            number = parse_qs(urlsplit(self.path).query).get("partNumber", ["0"])[0]
            self.gate.sent[int(number)] += 1
        elif answer.status >= 400:
            self.gate.refused.append(said)
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP]
        self._answer(answer.status, kept, said)
        there.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
