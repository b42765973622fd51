"""The virus scanner, where there is one: ClamAV's daemon, asked over its socket. The file is streamed, in its whole length.

A scanner that is away, full, or will not take so large a file is a fault of the installation, never of the file: the
job waits and asks again, and meanwhile the file is not shown.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CHUNK = 1 << 18
CONNECT_S = 5.0
PATIENCE_S = 300.0
"""For one step of the talk; to look through a large file takes long."""
LONGEST_ANSWER = 4096
_LENGTH = struct.Struct(">I")


class ScannerError(OSError):
    """The scanner did not say whether the file is clean."""


@dataclass(frozen=True, slots=True)
class Clamd:
    """A daemon at `tcp://host:port`, or at the path of its socket."""

    address: str

    def found_in(self, path: Path) -> str | None:
        """The name of what was found in the file; None: nothing. Raises ScannerError."""
        try:
            with self._connected() as connection:
                return _verdict(_asked(connection, path))
        except ScannerError:
            raise
        except OSError as fault:
            raise ScannerError(f"the virus scanner does not answer: {fault}") from fault

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        if self.address.startswith("/"):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        else:
            url = urlsplit(self.address)
            connection = socket.create_connection((url.hostname, url.port), CONNECT_S)
        with connection:
            if connection.family == socket.AF_UNIX:
                connection.settimeout(CONNECT_S)
                connection.connect(self.address)
            connection.settimeout(PATIENCE_S)
            yield connection


def _asked(connection: socket.socket, path: Path) -> str:
    # it hangs up in the middle of a file that is too large for it, and says so
    with suppress(BrokenPipeError, ConnectionResetError), path.open("rb") as file:
        connection.sendall(b"zINSTREAM\0")
        while piece := file.read(CHUNK):
            connection.sendall(_LENGTH.pack(len(piece)) + piece)
        connection.sendall(_LENGTH.pack(0))
    answer = b""
    while b"\0" not in answer and len(answer) < LONGEST_ANSWER:
        piece = connection.recv(LONGEST_ANSWER)
        if not piece:
            break
        answer += piece
    return answer.partition(b"\0")[0].decode(errors="replace").strip()


def _verdict(answer: str) -> str | None:
    name = answer.removeprefix("stream: ")
    if name == "OK":
        return None
    if name.endswith(" FOUND"):
        return name.removesuffix(" FOUND")
    raise ScannerError(f"the virus scanner says: {answer[:200] or 'nothing'}")
