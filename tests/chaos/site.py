"""The instance under attack: started as a person starts it, asked over HTTP and, as its owner, in SQL."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import psycopg

from service.accounts import directory, sessions, sign_in
from service.accounts.tokens import Tokens
from service.database import Database
from service.dev.ports import is_free
from service.dev.programs import is_healthy
from sync.clock import system_now
from tests.house.instances import Running, holds

TENANT = "riverbend"
PATIENCE_S = 90.0

Connection = psycopg.Connection[tuple[object, ...]]


class Planted(Running):
    """The same with a bug in it, which the environment names (`planted`)."""

    module = "tests.chaos.planted"


class Site:
    """An instance over `home`; after everything was killed it is started again at the same port."""

    def __init__(self, home: Path, plant: str = "") -> None:
        self.home, self.plant = home, plant
        self.running = self._start().until_ready()

    def _start(self, port: int | None = None) -> Running:
        port = port or free_port()
        return Planted(self.home, port, PLANTED=self.plant) if self.plant else Running(self.home, port)

    def start_again(self) -> Running:
        """After everything was killed; returns at once."""
        self.running = self._start(self.running.port)
        return self.running

    @property
    def url(self) -> str:
        """Where phones find the API."""
        return f"http://127.0.0.1:{self.running.port}"

    @contextmanager
    def database(self) -> Iterator[Database]:
        """PostgreSQL as the service itself reaches it."""
        database = Database(self.running.settings.database_url, pool_size=1)
        try:
            yield database
        finally:
            database.dispose()

    def tenant_id(self) -> UUID:
        """The demo district's."""
        with self.database() as database, database.begin_reference() as connection:
            return directory.person_by_address(connection, f"host@{TENANT}.example")[0]

    def code(self, person: str) -> str:
        """A code with which `host`, say, signs a phone in."""
        tenant_id = self.tenant_id()
        with self.database() as database, database.begin(tenant_id) as connection:
            return sign_in.make_code(connection, tenant_id, f"{TENANT}-{person}", system_now())

    def token(self, person: str, device_id: str) -> str:
        """An access token, good for ten minutes."""
        tenant_id, tokens = self.tenant_id(), Tokens(self.running.settings)
        whose = (tenant_id, f"{TENANT}-{person}", (device_id, "chaos"))
        with self.database() as database, database.begin(tenant_id) as connection:
            return sessions.open_on(connection, tokens, *whose, system_now()).access_token

    def connect(self) -> Connection:
        """A connection as the owner, whom no row-level policy binds."""
        conninfo = self.running.settings.database_owner_url.replace("+psycopg", "")
        return psycopg.connect(conninfo, autocommit=True, connect_timeout=5)

    def kill(self, pids: set[int]) -> bool:
        """kill -9; whether any of them was still there."""
        return any([_killed(pid) for pid in pids if pid > 1])

    def close(self) -> None:
        """Stop as ctrl-C does, as a kill leaves sockets and shared memory behind; then kill whatever is left."""
        with suppress(subprocess.TimeoutExpired):
            self.running.end(signal.SIGTERM)
        self.kill_everything()

    def kill_everything(self) -> None:
        """The supervisor first, so that it starts nobody again; then all that is left, until nothing is."""
        self.running.process.kill()
        self.running.process.wait()
        while members := self.running.members():
            self.kill(set(members))
            time.sleep(0.02)


def _killed(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def free_port() -> int:
    """A free port before a free one, below those of callers: who calls a dead server there may be connected to herself."""
    while True:
        port = random.randrange(20_000, 32_000)
        if is_free(port) and is_free(port + 1):
            return port


def parent(pid: int) -> int:
    """The process that started this one; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def answers(url: str) -> bool:
    """Whether its /health answers 200 now."""
    return is_healthy(f"{url}/health")


def wait_for(condition: Callable[[], object], what: str, every_s: float = 0.02) -> float:
    """Look again and again until the condition holds; the moment. TimeoutError says what did not happen."""
    end = time.monotonic() + PATIENCE_S
    told = holds(condition)
    while not told():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {PATIENCE_S:.0f} s")
        time.sleep(every_s)
    return time.monotonic()
