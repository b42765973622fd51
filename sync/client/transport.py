"""Requests over a bad network: what is lost is sent again, the very same, further and further apart.

A lost answer and a refusal are two things. `Lost` means that nobody knows whether the server heard; `Declined` that it
heard and said no.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar

import httpx
import orjson

from sync.client.clock import TIME_HEADER, Clock
from sync.client.errors import ClientError, Declined, Unreachable
from sync.client.surroundings import LONGEST_PAUSE, Surroundings
from sync.clock import stamp

T = TypeVar("T")
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Lost(Exception):
    """No whole answer came: the server may have heard the request or not."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request: the path starts with /v1 and holds the query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, whole; names of headers in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Network(Protocol):
    """What carries one request to the server and its answer back, or raises `Lost`."""

    def send(self, request: Request) -> Response:
        """The answer to one request."""


class HttpNetwork:
    """The real one, to the server at a URL."""

    def __init__(self, server: str, *, timeout: float = 30.0) -> None:
        self._client = httpx.Client(base_url=server, timeout=timeout, follow_redirects=False)

    def send(self, request: Request) -> Response:
        """The answer to one request; Lost when the connection fails anywhere."""
        try:
            answer = self._client.request(
                request.method, request.path, content=request.body, headers=dict(request.headers)
            )
        except httpx.RequestError as fault:
            raise Lost(str(fault) or type(fault).__name__) from fault
        return Response(
            answer.status_code,
            {name.lower(): value for name, value in answer.headers.items()},
            answer.content,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class Nowhere:
    """Where no server was ever named."""

    def send(self, request: Request) -> Response:
        """Raises ClientError: there is nobody to ask."""
        raise ClientError("No server is known: name its URL once.")


class Transport:
    """Asks until there is an answer, or patience ends (`attempts` tries for one request)."""

    def __init__(
        self, network: Network, device_id: str, surroundings: Surroundings, *, attempts: int = 5
    ) -> None:
        self._network, self._device_id, self._around = network, device_id, surroundings
        self._attempts = attempts
        self.clock = Clock(surroundings.now)

    def ask(self, method: str, path: str, said: Any = None, *, token: str | None = None) -> dict[str, Any]:
        """The JSON object that the server answers, {} for an empty answer; raises Declined or Unreachable."""
        body = None if said is None else orjson.dumps(said)
        headers = self._headers(token) | ({"Content-Type": "application/json"} if body is not None else {})
        return self._carry(Request(method, path, headers | {"Accept": "application/json"}, body), _said)

    def fetch(self, path: str, *, token: str | None = None) -> bytes:
        """Whatever lies at an address; raises Declined or Unreachable."""
        request = Request("GET", path, self._headers(token) | {"Accept": "*/*"})
        return self._carry(request, lambda response: response.body)

    def _carry(self, request: Request, read: Callable[[Response], T]) -> T:
        wait, why = 0.0, ""
        for attempt in range(self._attempts):
            if attempt:
                self._around.sleep(max(wait, self._around.pause(attempt)))
            wait = 0.0
            try:
                return read(_usable(self._timed(request)))
            except Lost as lost:
                why = str(lost) or "no answer"
            except _Busy as busy:
                wait, why = busy.wait(self._around.now()), str(busy)
                if wait > LONGEST_PAUSE:  # the caller is told instead of being kept waiting
                    break
        raise Unreachable(why, wait or None)

    def _timed(self, request: Request) -> Response:
        asked = self._around.now()
        response = self._network.send(self._dated(request))
        self.clock.hear(asked, self._around.now(), response.headers.get(TIME_HEADER))
        return response

    def _headers(self, token: str | None) -> dict[str, str]:
        return {"X-Device-Id": self._device_id} | ({"Authorization": f"Bearer {token}"} if token else {})

    def _dated(self, request: Request) -> Request:
        return replace(request, headers={**request.headers, "X-Device-Time": stamp(self._around.now())})


class _Busy(Exception):
    """The server cannot answer now."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"it answers {response.status}")
        self._retry_after = response.headers.get("retry-after", "")

    def wait(self, now: datetime) -> float:
        """Seconds that the server asks to wait (RFC 9110, 10.2.3: seconds or a date); 0 when it does not say."""
        if self._retry_after.isascii() and self._retry_after.isdigit():
            return float(self._retry_after)
        with contextlib.suppress(ValueError):
            until = parsedate_to_datetime(self._retry_after)
            return max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds())
        return 0.0


def _usable(response: Response) -> Response:
    if response.status in WORTH_ANOTHER_TRY:
        raise _Busy(response)
    if response.status >= 400:
        raise Declined(response.status, _object(response.body) or {})
    if response.status >= 300:
        raise _somebody_else(response)
    return response


def _said(response: Response) -> dict[str, Any]:
    document = {} if response.status == 204 else _object(response.body)
    if document is None:
        raise _somebody_else(response)
    return document


def _somebody_else(response: Response) -> Lost:
    """A hotel's sign-in page, say."""
    return Lost(f"something else answers in the server's place (HTTP {response.status})")


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
