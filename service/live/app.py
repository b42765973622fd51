"""The live process as an ASGI app: `GET /v1/sync/stream`, `GET /v1/sync/wait`, and `/health`."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from schemas.live import LiveQuerySchema, WaitQuerySchema
from schemas.problems import Problem, Refused
from service.accounts import admission
from service.accounts.tokens import Claims, Tokens
from service.database import Database
from service.hints import Hint, decode
from service.live import asking, news
from service.live.answers import Answers
from service.live.asking import Asking
from service.live.listeners import Send, Stream, Waiter, words
from service.live.news import News, Stand
from service.live.watch import EVERY_S, THREADS, Watch
from service.records import KINDS
from service.settings import Settings
from sync.clock import Now, system_now
from sync.server import sequence
from sync.server.statement import ask

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Asked = Mapping[bytes, bytes]
STREAM, WAIT, HEALTH = "/v1/sync/stream", "/v1/sync/wait", "/health"
EARLY_S = (5.0, 35.0)
"""A stream ends so many seconds before its token does, each at another moment."""
SHORTEST_S = 1.0


class Live:
    """The ASGI app over these settings. Its start opens the socket for hints; its end closes every stream."""

    def __init__(self, settings: Settings, *, now: Now = system_now, every_s: float = EVERY_S) -> None:
        prepared = settings.prepared_statements
        self.database = Database(settings.database_url, prepared_statements=prepared, pool_size=THREADS)
        self.watch = Watch(self.database, every_s=every_s)
        self._tokens, self._now, self._socket = Tokens(settings, now), now, settings.live_hint_socket
        self._answers = Answers(_origin(settings.public_url) if settings.live_url else None)
        self._pulse: asyncio.Task[None] | None = None
        self._ears: asyncio.DatagramTransport | None = None
        self._inode = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the life of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def start(self) -> None:
        """Begin to look and to hear."""
        self._pulse = asyncio.create_task(self.watch.run())
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)
            self._ears, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: Ears(self.watch.hint), local_addr=str(self._socket), family=socket.AF_UNIX
            )
            self._inode = self._socket.stat().st_ino

    async def stop(self) -> None:
        """Let everybody go."""
        self.watch.close()
        if self._pulse is not None:
            self._pulse.cancel()
        if self._ears is not None:
            self._ears.close()
            self._forget_socket()
        await self.watch.ended()
        self.database.dispose()

    def _forget_socket(self) -> None:
        """Take the socket away, unless a successor has put its own there."""
        if self._socket is not None and self._socket.exists() and self._socket.stat().st_ino == self._inode:
            self._socket.unlink(missing_ok=True)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            event = (await receive())["type"]
            await (self.start() if event == "lifespan.startup" else self.stop())
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = dict(scope["headers"])
        try:
            await self._route(scope, asked, receive, send)
        except Refused as refused:
            await self._answers.refuse(send, asked, refused)
        except (SQLAlchemyError, OSError) as fault:
            self.watch.lost(fault)
            await self._answers.refuse(send, asked, Refused(Problem.UNAVAILABLE))

    async def _route(self, scope: Scope, asked: Asked, receive: Receive, send: Send) -> None:
        path, method, query = scope["path"], scope["method"], scope["query_string"]
        if path not in (STREAM, WAIT, HEALTH):
            raise Refused(Problem.NOT_FOUND)
        if method == "OPTIONS":
            await self._answers.allow(send, asked)
        elif method != "GET" and (method, path) != ("HEAD", HEALTH):
            raise Refused(Problem.METHOD_NOT_ALLOWED)
        elif path == STREAM:
            who = asking.read(self._tokens, query, asked, LiveQuerySchema())
            await self._stream(who, asked, receive, send)
        elif path == WAIT:
            who = asking.read(self._tokens, query, asked, WaitQuerySchema())
            await self._answers.give(send, asked, await self._wait(who))
        else:
            said = {"status": "ok", "listeners": self.watch.count()}
            await self._answers.give(send, asked, orjson.dumps(said))

    async def _stream(self, who: Asking, asked: Asked, receive: Receive, send: Send) -> None:
        found = await self._admit(who)
        stream = Stream(who.claims, send, self._lasts_s(who.claims))
        await send(self._answers.stream(asked))
        await stream.begin(found.stand.seq, found.of(stream.person_id, stream.hidden))
        self.watch.add(stream, found.stand)
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.watch.remove(stream)

    async def _wait(self, who: Asking) -> bytes:
        found = await self._admit(who)
        at_once = found.of(who.claims.person_id, KINDS.hidden(who.claims.scopes))
        said = None if at_once else await self._hear(who, found.stand)
        return said or words(found.stand.seq, at_once)

    async def _hear(self, who: Asking, stand: Stand) -> bytes | None:
        """What moves first; None when nothing does in time."""
        waiter = Waiter(who.claims)
        self.watch.add(waiter, stand)
        try:
            with suppress(TimeoutError):
                return await asyncio.wait_for(waiter.answer, who.timeout)
            return None
        finally:
            self.watch.remove(waiter)

    async def _admit(self, who: Asking) -> News:
        """What moved for her since she last heard; Refused when her session has ended."""
        claims = who.claims

        def first(connection: Connection) -> News:
            (session,) = ask(connection, admission.question(claims, self._now()))
            admission.admit(connection, session, claims, self._now())
            clock = sequence.read(connection, claims.tenant_id)
            now = Stand(clock.seq, clock.epoch)
            if (
                who.seq is None or not clock.horizon <= who.seq <= clock.seq
            ):  # a pull would be told to begin again
                return News(now, {}, anew=True)
            before = Stand(who.seq, now.epoch)
            return news.since(connection, claims.tenant_id, [claims.person_id], before)

        return await self.watch.ask(claims.tenant_id, first)

    def _lasts_s(self, claims: Claims) -> float:
        left = ((claims.expires_at or self._now()) - self._now()).total_seconds()
        return max(SHORTEST_S, left - random.uniform(*EARLY_S))  # noqa: S311  # spreads the return of many, no secret


class Ears(asyncio.DatagramProtocol):
    """Hears hints."""

    def __init__(self, heard: Callable[[Hint], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """A hint, or something else, which is let pass."""
        hint = decode(data)
        if hint is not None:
            self._heard(hint)


def _origin(url: str) -> bytes:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".encode()
