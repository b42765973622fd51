"""Slow readers: nobody waits for them, and what they cost is bounded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

from service.accounts.tokens import Claims
from service.live.listeners import Stream

CLAIMS = Claims(uuid4(), uuid4(), 1, "hana-host", "a-phone")


class Narrow:
    """A network that takes nothing while it is shut."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.said: list[MutableMapping[str, Any]] = []

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.open.wait()
        self.said.append(message)

    @property
    def words(self) -> list[bytes]:
        return [one["body"] for one in self.said]


async def stalled(network: Narrow) -> Stream:
    """A stream that has begun, and of which one event is on its way into a shut network."""
    stream = Stream(CLAIMS, network.send, lasts_s=600)
    await stream.begin(1, ["notes"])
    network.open.clear()
    stream.tell(2, ["notes"])
    await asyncio.sleep(0)
    return stream


def test_what_a_slow_reader_missed_becomes_one_event() -> None:
    async def scene() -> None:
        network = Narrow()
        stream = await stalled(network)
        for seq in range(3, 2000):
            stream.tell(seq, ["visits" if seq % 2 else "notes"])
        network.open.set()
        await asyncio.sleep(0.01)
        assert len(network.said) == 3
        assert network.words[2] == b'id: 1999\ndata: {"seq":1999,"collections":["visits","notes"]}\n\n'

    asyncio.run(scene())


def test_who_is_let_go_while_her_network_is_slow_hears_no_more() -> None:
    async def scene() -> None:
        network = Narrow()
        stream = await stalled(network)
        stream.tell(3, ["visits"])
        stream.close()
        stream.tell(4, ["visits"])
        stream.glance(time.monotonic() + 1000)
        network.open.set()
        await asyncio.sleep(0.01)
        assert b"visits" not in b"".join(network.words)
        assert network.said[-1] == {"type": "http.response.body", "body": b"", "more_body": False}

    asyncio.run(scene())
