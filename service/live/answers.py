"""Answers of the live process that are no streams, and what every answer carries."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from schemas.problems import Problem, Refused
from service.live.listeners import Send

Headers = list[tuple[bytes, bytes]]
_SAFE: Headers = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
]
_STREAM: Headers = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
_JSON, _PROBLEM = b"application/json", b"application/problem+json"
_BY_STATUS: Mapping[int, Headers] = {
    401: [(b"www-authenticate", b'Bearer realm="comewatch"')],
    405: [(b"allow", b"GET")],
    503: [(b"retry-after", b"2")],
}


@dataclass(frozen=True, slots=True)
class Answers:
    """`origin`: whose pages may read what is answered here (CORS), where the process has an origin of its own."""

    origin: bytes | None = None

    def stream(self, asked: Mapping[bytes, bytes]) -> MutableMapping[str, Any]:
        """The start of a stream."""
        return self._start(200, _STREAM, asked)

    async def give(
        self, send: Send, asked: Mapping[bytes, bytes], body: bytes, status: int = 200, kind: bytes = _JSON
    ) -> None:
        """A whole answer; `asked` are the headers of the request."""
        own = [(b"content-type", kind)] if body else []
        length = (b"content-length", str(len(body)).encode())
        await send(self._start(status, [*own, *_BY_STATUS.get(status, []), length], asked))
        await send({"type": "http.response.body", "body": body})

    async def refuse(self, send: Send, asked: Mapping[bytes, bytes], refused: Refused) -> None:
        """A problem."""
        body = json.dumps(refused.document()).encode()
        await self.give(send, asked, body, refused.problem.status, _PROBLEM)

    async def allow(self, send: Send, asked: Mapping[bytes, bytes]) -> None:
        """What a browser asks before it lets a page of another origin read; no other origin than ours may."""
        if self.origin is None:
            raise Refused(Problem.METHOD_NOT_ALLOWED)
        await self.give(send, asked, b"", 204)

    def _start(self, status: int, headers: Headers, asked: Mapping[bytes, bytes]) -> MutableMapping[str, Any]:
        every = [*headers, *_SAFE, *self._allowed(asked)]
        return {"type": "http.response.start", "status": status, "headers": every}

    def _allowed(self, asked: Mapping[bytes, bytes]) -> Headers:
        if self.origin is None:
            return []
        varies = [(b"vary", b"Origin")]
        if asked.get(b"origin") != self.origin:
            return varies
        return [
            (b"access-control-allow-origin", self.origin),
            (b"access-control-allow-headers", b"authorization, x-device-id, x-device-time, last-event-id"),
            (b"access-control-expose-headers", b"retry-after"),
            (b"access-control-max-age", b"600"),
            *varies,
        ]
