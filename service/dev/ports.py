"""TCP ports on this machine."""

from __future__ import annotations

import random
import socket
from contextlib import closing

# SeaweedFS listens for gRPC ten thousand above each of its ports, so both must be free and exist.
GRPC_OFFSET = 10_000
# Callers are given ports from 32768 on: one of them could have ours in the moment in which we come to listen.
FIRST, LAST = 11_000, 22_700


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether we could listen on `port` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        # As servers do: connections of a server that has just stopped do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pair_is_free(port: int) -> bool:
    """Whether we could listen on `port` and on its gRPC twin."""
    return is_free(port) and is_free(port + GRPC_OFFSET)


def free_pair() -> int:
    """A port that is free together with its gRPC twin."""
    while True:
        port = random.randint(FIRST, LAST)
        if pair_is_free(port):
            return port
