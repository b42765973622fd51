"""What a serving process asks of the system: to end with its parent, many files, and news of peers that are gone."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
CRASHES = frozenset(
    -fault for fault in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
)
"""So ends a process that did wrong by itself."""
DEAD_AFTER_MS = 60_000
"""A connection whose other end has said or taken nothing for so long, and does not answer either, is given up."""
PROBE_EVERY_S = 15

# Loaded before any fork: loading a library between fork and exec may deadlock.
_prctl: Callable[[int, int], int] | None = getattr(ctypes.CDLL(None), "prctl", None)


def die_with(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """End when `parent` ends, even by -9: the kernel sends `by` when that *thread* of it ends that forked us. Linux alone can."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, by)
        # It may have ended before we could ask.
        if os.getppid() != parent:
            os._exit(1)


def open_many_files() -> None:
    """As many as we may: a connection is an open file, and the usual thousand of them are soon used up."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def give_up_the_gone(listener: socket.socket) -> None:
    """Its connections inherit this. Without it, a phone that fell silent in mid-word would be waited for for ever."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Not every system has all three.
    for name, value in (
        ("TCP_KEEPIDLE", PROBE_EVERY_S),
        ("TCP_KEEPINTVL", PROBE_EVERY_S),
        ("TCP_USER_TIMEOUT", DEAD_AFTER_MS),
    ):
        if hasattr(socket, name):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
