"""Our own processes: the API, the live process, and the worker."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from service.dev.children import spawn
from service.dev.server import Server


def is_healthy(address: str) -> bool:
    """Whether somebody answers 200 there."""
    where = urlsplit(address)
    line = (HTTPSConnection if where.scheme == "https" else HTTPConnection)(where.netloc, timeout=5)
    # not urllib.request: it leaves its socket open where a server resets it, as one does that starts or stops
    with closing(line):
        try:
            line.request("GET", where.path)
            return line.getresponse().status == 200
        except (OSError, HTTPException):  # the second where something else, or half a server, answers
            return False


class Program(Server):
    """A Python process with the instance's environment; ready when its `health` address answers 200."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        logs: Path,
        health: str | None = None,
    ) -> None:
        super().__init__(name, logs / f"{name.lower()}.log")
        self.command = [sys.executable, "-m", *arguments]
        self.env = env
        self.health = health

    def launch(self) -> None:
        self.process = spawn(self.command, log=self.log, env=self.env)

    def answers(self) -> bool:
        return self.alive if self.health is None else is_healthy(self.health)


def api(host: str, port: int, *, url: str, env: Mapping[str, str], logs: Path) -> Program:
    """The API: two processes of eight threads."""
    arguments = ["service.serve", f"--host={host}", f"--port={port}"]
    return Program("API", arguments, env=env, logs=logs, health=f"{url}/health")


def live(host: str, port: int, *, url: str, env: Mapping[str, str], logs: Path) -> Program:
    """The live process, which streams from a port of its own: there is no proxy here."""
    arguments = ["service.live", f"--host={host}", f"--port={port}"]
    return Program("Live", arguments, env=env, logs=logs, health=f"{url}/health")


def worker(*, env: Mapping[str, str], logs: Path) -> Program:
    """The worker: jobs from PostgreSQL, one at a time."""
    return Program("Worker", ["service.worker"], env=env, logs=logs)
