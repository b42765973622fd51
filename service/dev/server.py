"""What PostgreSQL, S3, the API and the worker have in common: launched, ready, alive, stopped."""

from __future__ import annotations

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from service.dev.children import LaunchError, last_lines, wait_or_kill


class Server(ABC):
    """One child process that is watched over. `start` may be called again after it has died."""

    stops_by: ClassVar[signal.Signals] = signal.SIGTERM
    stop_patience: ClassVar[float] = 10
    start_patience: ClassVar[float] = 60

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def launch(self) -> None:
        """Fork the process and return at once."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it is ready to serve."""

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Launch, and return when it answers; raise `LaunchError` with the end of its log when it does not."""
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        end = time.monotonic() + self.start_patience
        while time.monotonic() < end:
            if not self.alive:
                raise LaunchError(f"{self.name} did not start; {self.log} ends with:\n{last_lines(self.log)}")
            if self.answers():
                return
            time.sleep(0.02)
        raise LaunchError(f"{self.name} was not ready after {self.start_patience:.0f} s; see {self.log}")

    def ask_to_end(self, by: signal.Signals | None = None) -> None:
        """Send the signal and return at once, so that several may end at the same time."""
        if self.process is not None and self.alive:
            self.process.send_signal(by or self.stops_by)

    def ended(self) -> None:
        """Return when it has ended; kill it when it takes too long."""
        if self.process is not None:
            wait_or_kill(self.process, self.stop_patience)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.ask_to_end()
        self.ended()

    def kill(self) -> None:
        """End it at once, for data nobody will read again."""
        self.ask_to_end(signal.SIGKILL)
        self.ended()
