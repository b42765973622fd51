"""A hint to the live process after each commit: a datagram on a local socket that says whose clock moved, and how far.

Losing it loses nothing: the live process looks at the clocks of its listeners every second all the same.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import orjson
from sqlalchemy import Connection

from sync.server import moved

LARGEST = 4096
"""Bytes of a datagram."""
_ENDED = "a session ended"


@dataclass(frozen=True, slots=True)
class Hint:
    """A transaction of the tenant took the numbers after `since` up to `seq`; `leave_out` is who knows (`moved.whose`).

    `ended`: sessions of the tenant ended in it.
    """

    tenant_id: UUID
    since: int = 0
    seq: int = 0
    leave_out: str | None = None
    ended: bool = False

    def encode(self) -> bytes:
        """The datagram."""
        return orjson.dumps(self)


def decode(datagram: bytes) -> Hint | None:
    """The hint that `encode` wrote; None for anything else."""
    try:
        said = orjson.loads(datagram)
        hint = Hint(UUID(said.pop("tenant_id")), **said)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return hint if tuple(map(type, (hint.since, hint.seq, hint.ended))) == (int, int, bool) else None


class Hints:
    """Sends hints to the socket at `path`; without one, nowhere."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._sender: socket.socket | None = None

    def send(self, hint: Hint) -> None:
        """Send without waiting, whether anybody listens or not."""
        if self._path is None:
            return
        if self._sender is None:  # made late: a process may fork before
            self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._sender.sendto(hint.encode(), str(self._path))
        except OSError:  # nobody there, or too busy to hear: it will look by itself
            pass

    def close(self) -> None:
        """Give the socket back."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None


def note_ended(connection: Connection) -> None:
    """Sessions end in this transaction."""
    connection.info[_ENDED] = True


def begin(connection: Connection) -> None:
    """A transaction begins, of which nothing is noted yet."""
    moved.forget(connection)
    connection.info.pop(_ENDED, None)


def due(connection: Connection, tenant_id: UUID) -> Hint | None:
    """What is to be told once this transaction has committed; None when it is nobody's concern."""
    went, ended = moved.of(connection), bool(connection.info.get(_ENDED))
    if went is None:
        return Hint(tenant_id, ended=True) if ended else None
    return Hint(tenant_id, went.since, went.seq, went.leave_out, ended)
