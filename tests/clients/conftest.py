"""The real app behind a real socket, a school in it, and Node processes with its people's phones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from service.app import create_app
from service.settings import Settings
from sync.changes import Change
from sync.server import feed
from sync.server.actor import Actor, system_actor
from sync.server.feed import Digest
from tests.builders import make_person, make_tenant, services_of, sign_in
from tests.clients.driver import Pool
from tests.conftest import environment

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

    def put(self, collection: str, record_id: str, deleted: bool = False, **fields: Any) -> str:
        """Let the service itself write a record; returns its id."""
        change = Change(
            f"by-the-service-{next(self.ops)}", collection, record_id, fields, deleted, base_fields={}
        )
        with self.services.database.begin(self.tenant_id) as connection:
            (outcome,) = self.services.door.push(connection, system_actor(self.tenant_id), [change])
        assert outcome.problem is None, outcome.problem
        return record_id

    def actor(self, person_id: str) -> Actor:
        return Actor(self.tenant_id, person_id, "a-tester's-desk", frozenset({"teacher"}))

    def seen(self, person_id: str, collection: str) -> dict[str, dict[str, Any]]:
        """What an empty phone of this person would be given, by id, each with its number as `seq`."""
        with self.services.database.begin(self.tenant_id) as connection:
            page = feed.pull(connection, self.actor(person_id), [collection], feed.Cursor(), 10_000)
        return {row.id: orjson.loads(row.body) | {"seq": row.seq} for row in page.rows if row.body}

    def digest(self, person_id: str, collection: str) -> Digest:
        with self.services.database.begin(self.tenant_id) as connection:
            return feed.digest(connection, self.actor(person_id), collection)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The app behind a socket; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def app(session_database_url: str, token_key: str) -> Iterator[Flask]:
    app = create_app(Settings.from_environment(environment(session_database_url, token_key)))
    yield app
    services_of(app).database.dispose()


@pytest.fixture(scope="module")
def server(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def school(app: Flask, server: str) -> School:
    return School(app, server)


@pytest.fixture(scope="module")
def rxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """Node processes with RxDB."""
    pool = Pool(tmp_path_factory.mktemp("rxdb"), "rxdb.mjs", "rxdb.md")
    yield pool
    pool.close()
