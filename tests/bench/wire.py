"""The load: many clients in one process, each a script that yields a request and is sent the answer.

Plain sockets, kept alive, watched by one selector, and requests that were written beforehand: a client library would be the
slowest thing in the measurement. Nothing of an answer is read but its status and its length.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Result = TypeVar("Result")
CHUNK = 1 << 20
PATIENCE_S = 300.0
MOST_HUNG_UP = 5
END = b"\r\n"


class WireError(Exception):
    """A server hung up, was silent for too long, or answered what nobody asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and when its last byte did (`time.perf_counter`)."""

    status: int
    head: bytes
    body: bytes
    at: float

    def good(self) -> bytes:
        """The body of a 2xx; WireError otherwise."""
        if not 200 <= self.status < 300:
            raise WireError(f"HTTP {self.status}: {self.body[:500]!r}")
        return self.body


Script = Generator[bytes, Answer, Result]


def request(
    method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole HTTP/1.1 request, ready to send."""
    said = {"Host": "127.0.0.1", "Accept-Encoding": "identity", **(headers or {})}
    if body is not None:
        said |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + (body or b"")


@dataclass
class Client(Generic[Result]):
    """One script on one connection."""

    address: tuple[str, int]
    script: Script[Result]
    selector: selectors.BaseSelector
    result: Result | None = None
    done: bool = False
    _heard: bytearray = field(default_factory=bytearray)
    _wanted: int = -1
    _asked: bytes = b""
    _unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    hung_up: int = 0

    def begin(self) -> None:
        """Connect; nothing is asked yet."""
        self.socket = socket.create_connection(self.address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.selector.register(self.socket, selectors.EVENT_READ, self)

    def ask(self, answer: Answer | None) -> None:
        """Go on with the script: send its next request, or end."""
        try:
            asked = next(self.script) if answer is None else self.script.send(answer)
        except StopIteration as end:
            self.result, self.done = end.value, True
            self.end()
            return
        self._asked, self._unsent = asked, memoryview(asked)
        self.send()

    def send(self) -> None:
        """As much of the request as the socket takes now."""
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        if self.selector.get_key(self.socket).events != wanted:
            self.selector.modify(self.socket, wanted, self)

    def hear(self) -> None:
        """Take what has come; when that was all of it, go on."""
        try:
            heard = self.socket.recv(CHUNK)
        except ConnectionResetError:
            heard = b""
        if heard:
            self._take(heard)
        else:
            self._again()

    def _take(self, heard: bytes) -> None:
        self._heard += heard
        if self._wanted < 0:
            self._wanted = _length(self._heard)
        if 0 <= self._wanted <= len(self._heard):
            whole, self._heard, self._wanted = self._heard, bytearray(), -1
            head, _, body = bytes(whole).partition(b"\r\n\r\n")
            self.ask(Answer(int(head[9:12]), head + END, body, time.perf_counter()))

    def _again(self) -> None:
        """The server closed a connection that it took for idle: ask on a new one, as every HTTP client does."""
        self.hung_up += 1
        if self._heard or self.hung_up > MOST_HUNG_UP:
            raise WireError(f"The server at port {self.address[1]} hung up: {bytes(self._heard[:300])!r}")
        self.end()
        self.begin()
        self._unsent = memoryview(self._asked)
        self.send()

    def react(self, events: int) -> None:
        """What the selector saw."""
        if events & selectors.EVENT_WRITE:
            self.send()
        if events & selectors.EVENT_READ:
            self.hear()

    def end(self) -> None:
        """Hang up, if that was not done already."""
        if self.socket.fileno() >= 0:
            self.selector.unregister(self.socket)
            self.socket.close()


@dataclass(frozen=True, slots=True)
class Driven(Generic[Result]):
    """What the scripts returned, in their order; how long all of it took; how often the server closed an idle connection."""

    results: list[Result]
    seconds: float
    hung_up: int


def drive(address: tuple[str, int], scripts: Sequence[Script[Result]]) -> Driven[Result]:
    """Run all scripts at once, each on a connection of its own that is open before the clock starts."""
    with selectors.DefaultSelector() as selector:
        clients = [Client(address, script, selector) for script in scripts]
        try:
            for client in clients:
                client.begin()
            began = time.perf_counter()
            for client in clients:
                client.ask(None)
            _until_done(selector, clients)
            seconds = time.perf_counter() - began
        finally:
            for client in clients:
                client.end()
    results = [client.result for client in clients]
    return Driven(results, seconds, sum(client.hung_up for client in clients))  # type: ignore[arg-type]  # by now each has ended


def _until_done(selector: selectors.BaseSelector, clients: Sequence[Client[Result]]) -> None:
    while not all(client.done for client in clients):
        ready = selector.select(PATIENCE_S)
        if not ready:
            raise WireError(f"No server answered for {PATIENCE_S:.0f} s.")
        for key, events in ready:
            key.data.react(events)


def _length(heard: bytearray) -> int:
    """How long the whole answer is; -1 while its head is not all there."""
    end = heard.find(b"\r\n\r\n")
    if end < 0:
        return -1
    head = bytes(heard[:end]).lower()
    if heard[9:12] in (b"204", b"304"):
        return end + 4
    _, found, rest = head.partition(b"\r\ncontent-length:")
    if not found:
        raise WireError(f"An answer without a length: {head!r}")
    return end + 4 + int(rest.split(b"\r\n", 1)[0])
