"""A school whose people have real phones, on the real app and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from service.accounts import sign_in
from service.app import create_app
from service.settings import Settings
from sync.client import Client, Network
from tests.builders import make_person, make_tenant, services_of
from tests.conftest import environment, owner_url
from tests.phones import AppNetwork, VirtualClock, surroundings

HANA, OLGA = "hana-host", "olga-observes"
VISIT = "visit-0001"
SCHOOLS = count(1)


@pytest.fixture(scope="module")
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(scope="module")
def app(session_database_url: str, token_key: str, clock: VirtualClock) -> Iterator[Flask]:
    app = create_app(Settings.from_environment(environment(session_database_url, token_key)), now=clock.now)
    yield app
    services_of(app).database.dispose()


class School:
    """A tenant of its own, its people, and their phones."""

    def __init__(self, app: Flask, clock: VirtualClock, directory: Path, slug: str) -> None:
        self.app, self.clock, self.directory, self.services = app, clock, directory, services_of(app)
        self.tenant_id = make_tenant(self.services, slug)
        self.network, self.opened = AppNetwork(app), 0
        for person_id in (HANA, OLGA):
            make_person(self.services, self.tenant_id, person_id)

    def open(
        self,
        name: str,
        network: Network | None = None,
        *,
        batch: int = 500,
        page: int = 500,
        attempts: int = 5,
    ) -> Client:
        """The phone called so (again)."""
        self.opened += 1
        around = surroundings(Random(f"{name}{self.opened}"), self.clock)
        return Client(
            self.directory / name,
            network=network or self.network,
            surroundings=around,
            batch=batch,
            page=page,
            attempts=attempts,
            durable=False,
        )

    def phone(
        self, name: str, person_id: str, network: Network | None = None, *, batch: int = 500, page: int = 500
    ) -> Client:
        """A new phone of this person, signed in and up to date."""
        with self.services.database.begin(self.tenant_id) as connection:
            code = sign_in.make_code(connection, self.tenant_id, person_id, self.clock.now())
        with self.open(name) as phone:
            assert phone.sign_in(code) == person_id
            phone.sync()
        return self.open(name, network, batch=batch, page=page)

    def run(self, statement: str) -> None:
        """One statement as the operator, whom no policy binds; `:tenant` stands for this school."""
        url = owner_url(str(self.services.settings.database_url)).replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            connection.execute(statement.replace(":tenant", f"'{UUID(str(self.tenant_id))}'").encode())


@pytest.fixture
def school(app: Flask, clock: VirtualClock, tmp_path: Path) -> School:
    return School(app, clock, tmp_path, f"school-{next(SCHOOLS)}")


@pytest.fixture
def hana(school: School) -> Client:
    return school.phone("hana", HANA)


@pytest.fixture
def olga(school: School) -> Client:
    return school.phone("olga", OLGA)


def visit_between(hana: Client, *others: Client, **fields: object) -> str:
    hana.put("visits", VISIT, {"host_id": HANA, "observer_ids": [OLGA]} | fields)
    for phone in (hana, *others):
        phone.sync()
    return VISIT


def all_equal(*phones: Client) -> bool:
    """Everybody has sent and read everything, and holds what the server would show."""
    for phone in (*phones, *phones):
        phone.sync()
    return all(one.equal for phone in phones for one in phone.digest_check())
