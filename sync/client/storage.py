"""The way to the object store: files go there straight, by addresses that the server signed, and never through the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Protocol

import httpx

from sync.client.transport import Lost, Response


class Storage(Protocol):
    """What carries bytes to a signed address, or raises `Lost`."""

    def put(self, url: str, headers: Mapping[str, str], body: Iterator[bytes]) -> Response:
        """The store's answer to a PUT of these bytes; `headers` tell their length."""


class HttpStorage:
    """The real one. `timeout` is how many seconds the store may be silent, or take none of the bytes."""

    def __init__(self, *, timeout: float = 30.0) -> None:
        self._timeout = timeout

    @cached_property
    def _client(self) -> httpx.Client:  # made when a file is sent: most programs send none
        return httpx.Client(timeout=self._timeout, follow_redirects=False)

    def put(self, url: str, headers: Mapping[str, str], body: Iterator[bytes]) -> Response:
        """The store's answer; Lost when the connection fails anywhere."""
        try:
            answer = self._client.put(url, content=body, headers=dict(headers))
        except httpx.RequestError as fault:
            raise Lost(str(fault) or type(fault).__name__) from fault
        return Response(
            answer.status_code,
            {name.lower(): value for name, value in answer.headers.items()},
            answer.content,
        )

    def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            self._client.close()
            del self._client
