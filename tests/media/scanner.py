"""A real ClamAV daemon with a database of our own: EICAR, and a word that we call a virus."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from service.dev.children import spawn
from service.dev.ports import free_pair
from service.dev.server import Server
from service.media.antivirus import Clamd, ScannerError

PROGRAM = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OURS = b"a-word-that-we-call-a-virus"
LARGEST = 4 << 20
"""What it takes of one file."""
_CONFIGURATION = """
Foreground yes
DatabaseDirectory {directory}
LocalSocket {directory}/socket
TCPAddr 127.0.0.1
TCPSocket {port}
StreamMaxLength {largest}
"""


class Scanner(Server):
    """Answers at a port and at a socket."""

    def __init__(self, directory: Path) -> None:
        super().__init__("ClamAV", directory / "clamd.log")
        self.port = free_pair()
        self.socket, self.tcp = str(directory / "socket"), f"tcp://127.0.0.1:{self.port}"
        self.configuration, self.clean = directory / "clamd.conf", directory / "clean"
        signatures = {"Test.Eicar": EICAR, "Test.Ours": OURS}
        lines = [f"{name}:0:*:{word.hex()}\n" for name, word in signatures.items()]
        (directory / "ours.ndb").write_text("".join(lines))
        self.clean.write_bytes(b"nothing")
        self.configuration.write_text(
            _CONFIGURATION.format(directory=directory, port=self.port, largest=LARGEST)
        )

    def launch(self) -> None:
        assert PROGRAM is not None
        command = [PROGRAM, "--config-file", str(self.configuration)]
        self.process = spawn(command, log=self.log, env=os.environ)

    def answers(self) -> bool:
        try:
            return all(Clamd(at).found_in(self.clean) is None for at in (self.socket, self.tcp))
        except ScannerError:
            return False
