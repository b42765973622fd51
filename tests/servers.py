"""One PostgreSQL and one S3 for a whole test run, each started when the first test asks for it.

The controlling process keeps a desk; xdist's workers ask there. A server started by a worker would die
with that worker, and one started at once would slow down a run that needs none.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
import traceback
import uuid
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

import boto3
import psycopg
from sqlalchemy import URL, make_url

from service.dev.postgres import PostgreSQL
from service.dev.s3 import S3, Keys

DESK = "COMEWATCH_TEST_DESK"
DESK_KEY = "COMEWATCH_TEST_DESK_KEY"
BUCKET = "comewatch-media"

PREFIX = "comewatch-tests-"
MEMORY = Path("/dev/shm")
ROOM = 4 << 30

Answer = dict[str, str]


class Desk:
    """Starts each server once and tells whoever asks where it is."""

    def __init__(self) -> None:
        _sweep()
        self.directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_place()))
        # PostgreSQL does not run as root: its user must be able to pass.
        self.directory.chmod(0o711)
        self.lock = (self.directory / "desk.lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.run = uuid.uuid4().hex[:8]
        self.starters: dict[str, Callable[[], Answer]] = {"database": self._database, "s3": self._s3}
        self.answers: dict[str, Answer | str] = {}
        self.closed = False
        self.closers: list[Callable[[], None]] = []
        self.listener = Listener(
            str(self.directory / "desk"), "AF_UNIX", backlog=64, authkey=self.run.encode()
        )
        os.environ[DESK] = str(self.listener.address)
        os.environ[DESK_KEY] = self.run
        # The servers die with the thread that forked them, so it must last as long as the run.
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.closed = True
        self.listener.close()
        for close in reversed(self.closers):
            close()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.lock.close()

    def _serve(self) -> None:
        while not self.closed:
            # Whoever hangs up in mid-question must not end the thread, as the servers would end with it.
            with suppress(OSError, EOFError, AuthenticationError), self.listener.accept() as connection:
                wanted: str = connection.recv()
                if wanted not in self.answers:
                    self.answers[wanted] = self._start(wanted)
                connection.send(self.answers[wanted])

    def _start(self, wanted: str) -> Answer | str:
        """The server's address; or what went wrong, for every test that asks, as a second try takes as long."""
        try:
            return self.starters[wanted]()
        except Exception:
            return f"{wanted} did not start:\n{traceback.format_exc()}"

    def _database(self) -> Answer:
        url = make_url(os.environ["DATABASE_URL"]) if os.environ.get("DATABASE_URL") else self._own_server()
        template = f"cw_{self.run}_template"
        self.closers.append(lambda: drop_databases(url, f"cw_{self.run}_"))
        make_template(url, template)
        return {"url": url.render_as_string(hide_password=False), "template": template, "run": self.run}

    def _given_s3(self) -> Answer:
        store = given_s3(self.run)
        s3_client(store).create_bucket(Bucket=store["bucket"])
        self.closers.append(lambda: drop_bucket(store))
        return store

    def _own_server(self) -> URL:
        server = PostgreSQL(self.directory / "postgres", durable=False)
        server.start()
        self.closers.append(server.stop)
        return make_url(server.url("postgres"))

    def _s3(self) -> Answer:
        if os.environ.get("S3_ENDPOINT"):
            return self._given_s3()
        server = S3(self.directory / "s3", Keys("test-access", uuid.uuid4().hex), BUCKET)
        server.start()
        self.closers.append(server.kill)
        keys = server.keys
        return {
            "endpoint": server.endpoint,
            "access_key": keys.access,
            "secret_key": keys.secret,
            "bucket": BUCKET,
        }


def given_s3(run: str) -> Answer:
    """The store that the environment names, with a bucket of this run's own."""
    return {
        "endpoint": os.environ["S3_ENDPOINT"],
        "access_key": os.environ["S3_ACCESS_KEY"],
        "secret_key": os.environ["S3_SECRET_KEY"],
        "bucket": f"cw-test-{run}",
    }


def s3_client(store: Answer) -> Any:
    """A client of boto3's for what tests ask of a store beyond our own."""
    session = boto3.session.Session(store["access_key"], store["secret_key"], region_name="us-east-1")
    return session.client("s3", endpoint_url=store["endpoint"])


def drop_bucket(store: Answer) -> None:
    """The bucket with everything in it."""
    client, bucket = s3_client(store), store["bucket"]
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", ()):
            client.delete_object(Bucket=bucket, Key=found["Key"])
    client.delete_bucket(Bucket=bucket)


def _place() -> Path:
    """In memory when there is room: a clone is some 500 files, 50 ms there and up to a second on a busy disk."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if roomy else Path(tempfile.gettempdir())


def _sweep() -> None:
    """Throw away what killed runs left: the directories whose lock nobody holds any more."""
    for place in {MEMORY, Path(tempfile.gettempdir())}:
        for lock in place.glob(f"{PREFIX}*/desk.lock"):
            with suppress(OSError), lock.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)


def ask(wanted: str) -> Answer:
    """Where the server is; started now if this is the first to ask."""
    with Client(os.environ[DESK], "AF_UNIX", authkey=os.environ[DESK_KEY].encode()) as connection:
        connection.send(wanted)
        answer: Answer | str = connection.recv()
    if isinstance(answer, str):
        raise RuntimeError(answer)
    return answer


def admin(url: URL) -> psycopg.Connection[tuple[object, ...]]:
    """A connection of the superuser, for CREATE and DROP DATABASE."""
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(conninfo, autocommit=True)


def make_template(server: URL, name: str) -> None:
    """A database made by the migrations, as production is; nobody may connect to it afterwards."""
    from service.migrations import upgrade

    with admin(server) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        upgrade(server.set(database=name).render_as_string(hide_password=False))
        if server.password:
            connection.execute(f"ALTER ROLE comewatch_rw LOGIN PASSWORD '{server.password}'")
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )


def drop_databases(server: URL, prefix: str) -> None:
    with admin(server) as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        for (name,) in found.fetchall():
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
