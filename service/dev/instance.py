"""A whole instance: its servers, the order in which they start and stop, and the environment they share."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from service.dev import programs
from service.dev.children import LaunchError
from service.dev.keys import as_lines, kept_secrets, write_private
from service.dev.options import Options
from service.dev.ports import free_pair, is_free
from service.dev.postgres import SOCKET_PATH_LIMIT, PostgreSQL
from service.dev.programs import Program
from service.dev.s3 import S3, Keys
from service.dev.server import Server
from service.media.patience import WORKER
from service.media.store import Store
from service.settings import ENVIRONMENT_FILE, Settings, variables

DATABASE = "comewatch"
BUCKET = "comewatch-media"
# An API whose supervisor was killed takes a moment to leave its port.
PORT_PATIENCE = 3.0


class Instance:
    """The servers of one home. `start` brings all of them up; `stop` takes down whatever is up."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.logs = options.home / "logs"
        self.environment = {
            "COMEWATCH_HOME": str(options.home),
            "COMEWATCH_DEVELOPMENT": "true",
            "PUBLIC_URL": options.url,
            "S3_BUCKET": BUCKET,
            "LIVE_URL": _beside(options),
            **_hints(options.home),
            **kept_secrets(options.home),
        } | {name: value for name, value in options.given.items() if name in variables()}
        self.store = self._own_store() if options.own_s3 else None
        self.database = self._own_database() if options.own_database else None
        self.settings = Settings.from_environment(self.environment)
        inherited = {**options.given, **self.environment}
        self.api = programs.api(options.host, options.port, url=options.url, env=inherited, logs=self.logs)
        streams = replace(options, port=urlsplit(self.environment["LIVE_URL"]).port or options.port + 1)
        self.live = programs.live(options.host, streams.port, url=streams.url, env=inherited, logs=self.logs)
        self.worker = programs.worker(env=inherited, logs=self.logs)
        parts = (self.store, self.database, self.api, self.live, self.worker)
        self.servers: list[Server] = [part for part in parts if part is not None]

    def start(self) -> None:
        """Everything, up to the demo district; raise `LaunchError` when a part does not come up."""
        self._refuse_taken_port()
        if self.store is not None:
            self.store.launch()
        # Importing takes it longer than making the database; it connects at its first request.
        self.api.launch()
        if self.database is not None:
            self.database.start()
            _make_database(self.database)
        _migrate(self.settings)
        if self.store is not None:
            self.store.wait_until_ready()
        Store(self.settings, WORKER).set_up(self.settings.pages)
        write_private(self.options.home / ENVIRONMENT_FILE, as_lines(self.environment))
        for program in (self.live, self.worker):
            program.launch()
        _seed(self.settings)
        self.api.wait_until_ready()
        self.live.wait_until_ready()

    def stop(self) -> None:
        """The programs first, then the stores they talk to; within each group all at once."""
        programs = [server for server in self.servers if isinstance(server, Program)]
        stores = [server for server in self.servers if server not in programs]
        for group in (programs, stores):
            for server in group:
                server.ask_to_end()
            for server in group:
                server.ended()
        (self.options.home / ENVIRONMENT_FILE).unlink(missing_ok=True)

    def _own_store(self) -> S3:
        keys = Keys(self.environment["S3_ACCESS_KEY"], self.environment["S3_SECRET_KEY"])
        bucket = self.environment["S3_BUCKET"]
        store = S3(self.options.home / "s3", keys, bucket, log=self.logs / "s3.log")
        self.environment["S3_ENDPOINT"] = store.endpoint
        return store

    def _own_database(self) -> PostgreSQL:
        database = PostgreSQL(self.options.home / "postgres", log=self.logs / "postgres.log")
        self.environment["DATABASE_URL"] = database.url(DATABASE, "comewatch_rw")
        self.environment["DATABASE_OWNER_URL"] = database.url(DATABASE)
        return database

    def _refuse_taken_port(self) -> None:
        host, port = self.options.host, self.options.port
        end = time.monotonic() + PORT_PATIENCE
        while not is_free(port, host):
            if time.monotonic() > end:
                raise LaunchError(
                    f"Port {port} on {host} is taken by another programme. Choose another: PORT={port + 1} make run"
                )
            time.sleep(0.1)


def _beside(options: Options) -> str:
    """Where phones reach the live process: where they reach the API, at the next port if that is free."""
    following = options.port + 1
    port = following if following < 65_536 and is_free(following, options.host) else free_pair()
    public = urlsplit(options.given.get("PUBLIC_URL", options.url))
    return (
        f"http://{public.hostname}:{port}"
        if ":" not in (public.hostname or "")
        else f"http://[{public.hostname}]:{port}"
    )


def _hints(home: Path) -> dict[str, str]:
    """Where the live process hears of commits; nowhere, and it looks every second, where the path is too long for a socket."""
    path = str(home / "live.sock")
    return {"LIVE_HINT_SOCKET": path} if len(path.encode()) <= SOCKET_PATH_LIMIT else {}


def _make_database(server: PostgreSQL) -> None:
    with closing(psycopg.connect(server.conninfo("postgres"), autocommit=True)) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not there:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _migrate(settings: Settings) -> None:
    # Late, as these see every table: a refused second copy should be told so at once.
    from service.migrations import upgrade
    from service.migrations.roles import RolesError

    try:
        upgrade(settings.database_owner_url)
    except RolesError as error:
        raise LaunchError(str(error)) from None


def _seed(settings: Settings) -> None:
    from service.dev import district

    district.seed(settings)
