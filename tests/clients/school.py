"""A school on the running server: what tests of real clients stand on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import psycopg
from flask import Flask
from sqlalchemy import make_url, select
from werkzeug.serving import WSGIRequestHandler, make_server

from sync.changes import Change, Status
from sync.server import feed
from sync.server.actor import Actor, system_actor
from sync.server.feed import Digest
from sync.server.restore import begin_new_life
from sync.server.tables import document
from tests import canary
from tests.builders import make_person, make_tenant, services_of, sign_in
from tests.conftest import owner_url
from tests.servers import admin
from tests.simulation.truth import Truth

HANA, OLGA, PETRA = "hana-host", "olga-observes", "petra-principal"
TENANTS = count(1)


class Quiet(WSGIRequestHandler):
    """Says nothing of good requests."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


class School:
    """A tenant of its own on the running server."""

    def __init__(self, app: Flask, server: str) -> None:
        self.app, self.server, self.services = app, server, services_of(app)
        self.tenant_id: UUID = make_tenant(self.services, f"school-{next(TENANTS)}")
        self.ops = count(1)
        for person_id in (HANA, OLGA, PETRA):
            make_person(self.services, self.tenant_id, person_id)

    def token(self, person_id: str, device_id: str) -> str:
        return sign_in(self.services, self.tenant_id, person_id, device_id)

    def put(self, collection: str, record_id: str, **fields: Any) -> str:
        """Let the service itself write a record, knowing what stands; returns its id."""
        here = (document.c.tenant_id == self.tenant_id, document.c.collection == collection)
        op_id = f"by-the-service-{next(self.ops)}"
        with self.services.database.begin(self.tenant_id) as connection:
            asked = select(document.c.body).where(*here, document.c.record_id == record_id)
            stands = orjson.loads(connection.execute(asked).scalar() or "null")
            change = Change(op_id, collection, record_id, fields, base_fields=stands)
            (outcome,) = self.services.door.push(connection, system_actor(self.tenant_id), [change])
        assert outcome.status in (Status.APPLIED, Status.MERGED), outcome  # merged: the same in other words
        return record_id

    def back_up(self) -> None:
        """Copy the database as it stands."""
        self._copy(self.database, f"{self.database}_backup")

    def restore(self) -> None:
        """Put the copy back and begin a new life, as an operator does."""
        self._copy(f"{self.database}_backup", self.database)
        with self.services.database.begin(self.tenant_id) as connection:
            begin_new_life(connection, self.tenant_id, self.services.now())

    def run(self, statement: str) -> None:
        """One statement about this tenant (`:tenant`) as the operator."""
        with psycopg.connect(self.owner_url) as connection:
            connection.execute(statement.replace(":tenant", f"'{self.tenant_id}'").encode())

    @property
    def owner_url(self) -> str:
        """The database, as its owner, whom no policy binds."""
        return owner_url(self.services.settings.database_url).replace("+psycopg", "")

    @property
    def database(self) -> str:
        return str(make_url(self.services.settings.database_url).database)

    def _copy(self, source: str, target: str) -> None:
        self.services.database.dispose()
        canary.close()
        server = make_url(owner_url(self.services.settings.database_url)).set(database="postgres")
        with admin(server) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY file_copy".encode())

    def truth(self) -> Truth:
        """What the tables hold now, and who may read it by the rules as they are written down."""
        with psycopg.connect(self.owner_url) as tables:
            return Truth(tables, self.tenant_id)

    def seen(self, person_id: str, collection: str) -> dict[str, dict[str, Any]]:
        """What this person may see now, by id, each with its number as `seq`."""
        truth = self.truth()
        return {
            key[1]: record | {"seq": truth.seqs[key]}
            for key, record in truth.oracle.visible[person_id].items()
            if key[0] == collection
        }

    def digest(self, person_id: str, collection: str) -> Digest:
        """What the server would count for this person."""
        actor = Actor(self.tenant_id, person_id, "a-tester's-desk", frozenset({"teacher"}))
        with self.services.database.begin(self.tenant_id) as connection:
            return feed.digest(connection, actor, collection)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The app behind a socket; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    # Its end waits for the requests under way: their connections would outlive the pool that is closed after it.
    server.daemon_threads = False  # type: ignore[attr-defined]  # of the threaded server that make_server gives here
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
