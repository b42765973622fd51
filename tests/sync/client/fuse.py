"""Kills a phone at a chosen step: before or after any commit, before or after any request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from sync.client import Network, Request, Response, Storage
from sync.client.store import Store


class Crash(BaseException):
    """The phone is gone, in the middle of something. No handler of the product may catch it."""


class Fuse:
    """Burns down one step at a time; at zero the phone crashes. Unlit (None) it only counts."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.steps = 0

    def step(self) -> None:
        """One point at which a phone may die."""
        self.steps += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Crash

    @contextmanager
    def lit(self, length: int) -> Iterator[None]:
        """Crashes after so many steps inside the block, unless the block ends before."""
        self.left = length
        try:
            yield
        finally:
            self.left = None


class Wired:
    """A network with the fuse at both ends of each request."""

    def __init__(self, inner: Network, fuse: Fuse) -> None:
        self.inner, self.fuse = inner, fuse

    def send(self, request: Request) -> Response:
        """The answer, if the phone lives to see it."""
        self.fuse.step()
        answer = self.inner.send(request)
        self.fuse.step()
        return answer


class WiredStore:
    """An object store with the fuse before, within and after each file or part."""

    def __init__(self, inner: Storage, fuse: Fuse) -> None:
        self.inner, self.fuse = inner, fuse

    def put(self, url: str, headers: Mapping[str, str], body: Iterator[bytes]) -> Response:
        """The answer, if the phone lives to see it."""
        self.fuse.step()
        answer = self.inner.put(url, headers, self._watched(body))
        self.fuse.step()
        return answer

    def _watched(self, body: Iterator[bytes]) -> Iterator[bytes]:
        for piece in body:
            self.fuse.step()
            yield piece


def wire(fuse: Fuse, patched: pytest.MonkeyPatch) -> None:
    """Put the fuse at each commit: just before it, and just after it."""
    transaction = Store.transaction

    @contextmanager
    def wired(store: Store) -> Iterator[None]:
        with transaction(store):
            yield
            fuse.step()
        fuse.step()

    patched.setattr(Store, "transaction", wired)
