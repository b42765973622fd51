"""Where requests are counted: in this process, or in a store that all processes share.

Flask-Limiter's own engine (`limits`) speaks to the shared ones. Its memory would start a thread at nearly each request,
which costs more than a phone with nothing new; so what is counted here is counted in a few lines of ours.
"""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import Any, Protocol, cast

from limits.errors import StorageError
from limits.storage import Storage, storage_from_string

from service.logs import logger

HERE = "memory://"
PATIENCE_S = 0.25
"""How long a request waits for the shared store before it is counted without it."""
REST_S = 5
"""How long a store that did not answer is left alone."""
_log = logger(__name__)


class Counter(Protocol):
    """Counts what has a name, for a while."""

    def incr(self, key: str, expiry: int, /) -> int:
        """One more of it; how many there are now. It may be forgotten `expiry` seconds after the first."""


class Memory:
    """A counter of this process alone, which forgets by itself."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, int] = {}
        self._former: dict[str, int] = {}
        self._turned = monotonic()

    def incr(self, key: str, expiry: int) -> int:
        """One more; what was not counted for `expiry` seconds is forgotten with all the rest of its age."""
        with self._lock:
            if monotonic() - self._turned > expiry:
                self._former, self._counts, self._turned = self._counts, {}, monotonic()
            self._counts[key] = count = self._counts.get(key, self._former.get(key, 0)) + 1
            return count


class Shared:
    """A store's counter; while it is away this process counts by itself, and nobody is kept waiting."""

    def __init__(self, counter: Counter) -> None:
        self._counter, self._meanwhile = counter, Memory()
        self._away_until = 0.0
        self._told = False

    def incr(self, key: str, expiry: int) -> int:
        """One more, there or here."""
        if monotonic() >= self._away_until:
            try:
                count = self._counter.incr(key, expiry)
            except StorageError as fault:
                self._missed(fault)
            else:
                self._told = False
                return count
        return self._meanwhile.incr(key, expiry)

    def _missed(self, fault: StorageError) -> None:
        self._away_until = monotonic() + REST_S
        if not self._told:
            self._told = True
            _log.warning(
                "the store of the rate limits is away: each process counts by itself",
                exception=type(fault.storage_error).__name__,
            )


def counter_at(store: str) -> Counter:
    """The counter that a setting names. Nothing is connected to before the first request."""
    if store == HERE:
        return Memory()
    from redis.backoff import NoBackoff  # the package is there where the setting says so
    from redis.retry import Retry

    options: dict[str, Any] = {
        "socket_timeout": PATIENCE_S,
        "socket_connect_timeout": PATIENCE_S,
        "retry": Retry(NoBackoff(), 1),  # else it asks ten times, and waits for seconds between
    }
    return Shared(cast(Storage, storage_from_string(store, wrap_exceptions=True, **options)))
