"""Who listens: an open stream, or a request that waits for one answer. Telling one never waits for its network."""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import orjson

from service.accounts.tokens import Claims
from service.records import KINDS
from sync.server import moved

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
KEEP_ALIVE_S = (15.0, 25.0)
RETRY_MS = (1_000, 5_000)


def words(seq: int, collections: Iterable[str]) -> bytes:
    """All that is ever said."""
    return orjson.dumps({"seq": seq, "collections": list(collections)})


class Listener(ABC):
    """A person on a device, under a session. `told` is the number up to which it knows what concerns it."""

    __slots__ = ("hidden", "person_id", "session_id", "tenant_id", "told", "who")

    def __init__(self, claims: Claims) -> None:
        self.tenant_id: UUID = claims.tenant_id
        self.session_id: UUID = claims.session_id
        self.person_id, self.told = claims.person_id, 0
        self.hidden = KINDS.hidden(claims.scopes)
        self.who = moved.whose(claims.person_id, claims.device_id)

    @abstractmethod
    def tell(self, seq: int, collections: Iterable[str]) -> None:
        """The clock of these collections moved."""

    @abstractmethod
    def close(self) -> None:
        """Its session ended, its token is about to, or the process stops."""

    @abstractmethod
    def glance(self, now: float) -> None:
        """Called every second."""


class Waiter(Listener):
    """One answer: what moved first, or None when it is closed."""

    __slots__ = ("answer",)

    def __init__(self, claims: Claims) -> None:
        super().__init__(claims)
        self.answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

    def tell(self, seq: int, collections: Iterable[str]) -> None:
        """The answer, if it is the first."""
        self._settle(words(seq, collections))

    def close(self) -> None:
        """No answer will come."""
        self._settle(None)

    def glance(self, now: float) -> None:
        """Its request has a time of its own."""

    def _settle(self, said: bytes | None) -> None:
        if not self.answer.done():
            self.answer.set_result(said)


class Stream(Listener):
    """Server-sent events. While its network is slow, what is to be said grows into one event."""

    __slots__ = ("_closing", "_names", "_send", "_seq", "_spoken_at", "_task", "closes_at")

    def __init__(self, claims: Claims, send: Send, lasts_s: float) -> None:
        super().__init__(claims)
        self._send = send
        self.closes_at = time.monotonic() + lasts_s
        self._names: dict[str, None] = {}
        self._seq: int | None = None
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._spoken_at = time.monotonic()

    async def begin(self, seq: int, collections: Iterable[str]) -> None:
        """The first words: when to come back, and where the clock stands."""
        retry = random.randint(*RETRY_MS)  # noqa: S311  # spreads the return of many, no secret
        await self._say(f"retry: {retry}\n\n".encode() + _event(seq, collections))

    def tell(self, seq: int, collections: Iterable[str]) -> None:
        """Say it as soon as the network takes it."""
        if self._closing:
            return
        self._names.update(dict.fromkeys(collections))
        self._seq = max(seq, self._seq or 0)
        self._speak(self._flush)

    def close(self) -> None:
        """End. What is still unsaid is told by her next stream, if she may open one."""
        if not self._closing:
            self._closing, self._seq, self._names = True, None, {}
            self._speak(self._flush)

    def glance(self, now: float) -> None:
        """Keep the connection alive, and end it in time."""
        if now >= self.closes_at:
            self.close()
        elif now >= self._spoken_at + _patience(self.session_id):
            self._speak(self._keep_alive)

    def _speak(self, words: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._spoken(words))

    async def _spoken(self, words: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One task speaks at a time; it stays the last one when the stream was closed or its network broke."""
        with suppress(OSError):
            await words()
            if not self._closing:
                self._task = None

    async def _flush(self) -> None:
        while self._seq is not None:
            said = _event(self._seq, self._names)
            self._seq, self._names = None, {}
            await self._say(said)
        if self._closing:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _keep_alive(self) -> None:
        await self._say(b": still here\n\n")
        await self._flush()

    async def _say(self, said: bytes) -> None:
        self._spoken_at = time.monotonic()
        await self._send({"type": "http.response.body", "body": said, "more_body": True})


def _event(seq: int, collections: Iterable[str]) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (seq, words(seq, collections))


def _patience(session_id: UUID) -> float:
    """Between 15 and 25 s, another for each session, so that not all speak at once."""
    least, most = KEEP_ALIVE_S
    return least + (most - least) * (session_id.int % 1000) / 1000
