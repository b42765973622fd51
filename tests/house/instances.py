"""A development instance under test: started as a person starts it, in a home of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg

from service.settings import Settings

ROOT = Path(__file__).parents[2]
# Seconds on an idle machine are minutes on a busy one; nobody waits longer than needed.
PATIENCE = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """`python -m service.dev` over `home`; what it says is in `said`."""

    module = "service.dev"

    def __init__(self, home: Path, port: int | None = None, **environment: str) -> None:
        self.home = home
        self.port = port or free_port()
        self.output = home.parent / f"{home.name}-{time.monotonic_ns()}.txt"
        # Not what the test run itself was given: DATABASE_URL would make it start no server.
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module],
                cwd=ROOT,
                env={**inherited, "COMEWATCH_HOME": str(home), "PORT": str(self.port), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def settings(self) -> Settings:
        return Settings.from_environment({"COMEWATCH_HOME": str(self.home)})

    def until_ready(self) -> Running:
        until(lambda: "ready: " in self.said or self.process.poll() is not None, lambda: self.said)
        assert "ready: " in self.said, self.said
        return self

    def health(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
            return int(answer.status)

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        conninfo = self.settings.database_owner_url.replace("+psycopg", "")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def members(self) -> dict[int, str]:
        """All processes of this instance but its supervisor: pid and command line."""
        found = members(self.home)
        found.pop(self.process.pid, None)
        return found

    def oldest(self, word: str) -> int | None:
        """The lowest pid among the members with `word` in their command line."""
        return min((pid for pid, command in self.members().items() if word in command), default=None)

    def end(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        return self.process.wait(PATIENCE)


def members(home: Path) -> dict[int, str]:
    """Pid and command line of each process that names the home in it, works there or inherited it."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (command := _command_in(entry, str(home))) is not None:
            found[int(entry.name)] = command
    return found


def _command_in(process: Path, home: str) -> str | None:
    try:
        command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        environment = (process / "environ").read_bytes().decode(errors="replace")
        workplace = str((process / "cwd").readlink())
    except OSError:
        return None
    return command if home in command or home in environment or workplace.startswith(home) else None


def until(condition: Callable[[], bool], about: Callable[[], object]) -> None:
    """Wait for a condition; when it does not come true in time, fail with what `about` tells."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, about()
        time.sleep(0.05)


def holds(condition: Callable[[], object]) -> Callable[[], bool]:
    """The condition, where a server that is just starting counts as no."""

    def asked() -> bool:
        try:
            return bool(condition())
        except (OSError, psycopg.OperationalError):
            return False

    return asked
