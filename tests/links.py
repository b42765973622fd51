"""Bad links between programs, in this process: one that dies at chosen bytes, and keeps books; one that falls silent."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from random import Random
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

PIECE = 1 << 16
BROKEN = (ConnectionError, asyncio.IncompleteReadError, OSError)


class Link:
    """A port of this machine through which a server elsewhere on it is reached; it lives in a thread of its own."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listener = socket.create_server(("127.0.0.1", 0))
        # what waits here was sent, and arrives even when its sender is killed: let that be little
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = self._in_loop(asyncio.start_server(self._take, sock=listener))

    def _in_loop(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._in_loop(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        others: asyncio.StreamWriter | None = None
        try:
            there, others = await asyncio.open_connection(self._target.hostname, self._target.port)
            await self._carry(reader, writer, there, others)
        except (*BROKEN, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for one in (writer, others):
                if one is not None:
                    _break(one)

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        others: asyncio.StreamWriter,
    ) -> None:
        raise NotImplementedError


class Dying(Link):
    """Carries PUTs of signed addresses, and dies `deaths` times within the first `size` bytes, where the seed says.

    In half of the deaths the link is cut in the middle of a body, in the others when the store has answered and before
    anybody hears it. By the names of objects and parts: `began` counts requests, `kept` what the store has, `told` what
    the client knows of. A request for what was kept, or told, before is counted in `again_kept` and `again_told`.
    """

    def __init__(self, target: str, size: int, deaths: int, seed: int, pause_s: float = 0.0) -> None:
        chance = Random(seed)
        self._plan = [
            (at, chance.random() < 0.5) for at in sorted(chance.randrange(size) for _ in range(deaths))
        ]
        self._pause_s = pause_s
        self.passed = self.again_kept = self.again_told = 0
        self.died = Counter[str]()
        self.began, self.kept, self.told = Counter[str](), Counter[str](), Counter[str]()
        super().__init__(target)

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        others: asyncio.StreamWriter,
    ) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            place, length = _place(head), _length(head)
            self._begin(place)
            silent = await self._body(length, reader, others, head)
            answer = await there.readuntil(b"\r\n\r\n")
            answer += await there.readexactly(_length(answer))
            good = answer.split(b" ", 2)[1] == b"200"
            self.kept[place] += good
            if silent:
                self._die("before the answer")
            writer.write(answer)
            await writer.drain()
            self.told[place] += good

    def _begin(self, place: str) -> None:
        self.again_kept += self.kept[place] > 0
        self.again_told += self.told[place] > 0
        self.began[place] += 1

    async def _body(
        self, length: int, reader: asyncio.StreamReader, others: asyncio.StreamWriter, head: bytes
    ) -> bool:
        """Carry a body, or die in it; whether its answer is to be lost."""
        at, silent = self._plan[0] if self._plan else (self.passed + length, False)
        due = at < self.passed + length
        cut = max(0, at - self.passed) if due and not silent else length
        others.write(head)
        left = cut
        while left:
            piece = await reader.read(min(PIECE, left))
            if not piece:
                raise ConnectionResetError
            others.write(piece)
            await others.drain()
            await asyncio.sleep(self._pause_s)
            left -= len(piece)
            self.passed += len(piece)
        if due and not silent:
            self._die("in the body")
        return due and silent

    def _die(self, where: str) -> None:
        self._plan.pop(0)
        self.died[where] += 1
        raise ConnectionResetError


class Gate(Link):
    """Carries anything; while it is `shut` it takes connections and bytes, and no answer ever comes."""

    def __init__(self, target: str) -> None:
        self._open = threading.Event()
        self._open.set()
        super().__init__(target)

    def shut(self) -> None:
        """Fall silent, connections under way too."""
        self._open.clear()

    def open(self) -> None:
        """Carry again; connections that fell silent are broken."""
        self._open.set()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        others: asyncio.StreamWriter,
    ) -> None:
        both = [
            asyncio.ensure_future(self._pump(reader, others)),
            asyncio.ensure_future(self._pump(there, writer)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            if not self._open.is_set():
                while not self._open.is_set():
                    await asyncio.sleep(0.02)
                return
            writer.write(piece)
            await writer.drain()


def _break(writer: asyncio.StreamWriter) -> None:
    """Reset the connection, as a link that dies does: what was not read yet is lost."""
    line = writer.get_extra_info("socket")
    if line is not None:
        with suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _place(head: bytes) -> str:
    target = urlsplit(head.split(b" ", 2)[1].decode())
    return f"{target.path} {parse_qs(target.query).get('partNumber', ['whole'])[0]}"


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
