"""Where requests are counted: in this process, or in a Redis that all processes share.

All that one request counts is counted there in one round trip, by one script: with a client that asks for each number,
through a pool and its events, counting cost a tenth of a pull.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any, Protocol

from service.logs import logger

HERE = "memory://"
PATIENCE_S = 0.25
"""How long a request waits for the shared store before it is counted without it."""
REST_S = 5
"""How long a store that did not answer is left alone."""
OURS = "comewatch:"
"""What our keys begin with, in a store that others may use too."""
SCRIPT = b"""
local counts = {}
for place, key in ipairs(KEYS) do
  counts[place] = redis.call('INCR', key)
  if counts[place] == 1 then redis.call('EXPIRE', key, ARGV[1]) end
end
return table.concat(counts, ' ')"""
_log = logger(__name__)


class Away(Exception):
    """The store did not answer."""


class Counter(Protocol):
    """Counts what has a name, for a while."""

    def count(self, keys: Sequence[str], expiry: int, /) -> list[int]:
        """One more of each; how many there are now. They may be forgotten `expiry` seconds after the first."""


class Memory:
    """A counter of this process alone, which forgets by itself."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, int] = {}
        self._former: dict[str, int] = {}
        self._turned = monotonic()

    def count(self, keys: Sequence[str], expiry: int) -> list[int]:
        """One more; what was not counted for `expiry` seconds is forgotten with all the rest of its age."""
        with self._lock:
            if monotonic() - self._turned > expiry:
                self._former, self._counts, self._turned = self._counts, {}, monotonic()
            return [self._one_more(key) for key in keys]

    def _one_more(self, key: str) -> int:
        self._counts[key] = count = self._counts.get(key, self._former.get(key, 0)) + 1
        return count


class Redis:
    """Counts in a Redis: one script, one message there and one back, on a connection that nobody else uses meanwhile."""

    def __init__(self, store: str) -> None:
        import redis  # the package is there where the setting says so
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        options: dict[str, Any] = {
            "socket_timeout": PATIENCE_S,
            "socket_connect_timeout": PATIENCE_S,
            "retry": Retry(NoBackoff(), 0),  # else it asks ten times, and waits for seconds between
        }
        pool = redis.ConnectionPool.from_url(store.replace("redis+unix", "unix"), **options)
        self._connect = partial(pool.connection_class, **pool.connection_kwargs)
        self._closed, self._faults = redis.ConnectionError, (redis.RedisError, OSError)
        self._idle: deque[Any] = deque()

    def count(self, keys: Sequence[str], expiry: int) -> list[int]:
        """One more of each; Away when nobody answers."""
        command = _packed(b"EVAL", SCRIPT, b"%d" % len(keys), *map(_key, keys), b"%d" % expiry)
        try:
            return self._asked(command)
        except self._faults as fault:
            raise Away(type(fault).__name__) from fault

    def _asked(self, command: bytes) -> list[int]:
        """A connection that stood idle may have been closed at the other end: then all of them, so a new one is tried."""
        try:
            return self._told(self._idle.pop(), command)
        except IndexError:
            pass
        except self._closed:
            self._idle.clear()
        return self._told(self._connect(), command)

    def _told(self, connection: Any, command: bytes) -> list[int]:
        connection.send_packed_command([command])
        counts = [int(count) for count in connection.read_response().split()]
        self._idle.append(connection)
        return counts


class Shared:
    """A store's counter; while it is away this process counts by itself, and nobody is kept waiting."""

    def __init__(self, counter: Counter) -> None:
        self._counter, self._meanwhile = counter, Memory()
        self._away_until = 0.0
        self._told = False

    def count(self, keys: Sequence[str], expiry: int) -> list[int]:
        """One more of each, there or here."""
        if monotonic() >= self._away_until:
            try:
                counts = self._counter.count(keys, expiry)
            except Away as fault:
                self._missed(fault)
            else:
                self._told = False
                return counts
        return self._meanwhile.count(keys, expiry)

    def _missed(self, fault: Away) -> None:
        self._away_until = monotonic() + REST_S
        if not self._told:
            self._told = True
            _log.warning(
                "the store of the rate limits is away: each process counts by itself", exception=str(fault)
            )


def counter_at(store: str) -> Counter:
    """The counter that a setting names. Nothing is connected to before the first request."""
    return Memory() if store == HERE else Shared(Redis(store))


def _key(key: str) -> bytes:
    return (OURS + key).encode("utf-8", "replace")


def _packed(*words: bytes) -> bytes:
    """A command as Redis reads it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
