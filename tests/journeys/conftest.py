"""A school day: the real app on a real PostgreSQL, people, and real phones in their hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from flask import Flask

from service.accounts import sign_in
from service.app import create_app
from service.settings import Settings
from sync.client import Client, Network
from tests.builders import make_person, make_tenant, put, services_of
from tests.conftest import environment
from tests.phones import AppNetwork, Tunnel, VirtualClock, surroundings


class School:
    """A tenant with its people; `phone` gives one of them a phone that is up to date."""

    def __init__(self, app: Flask, directory: Path) -> None:
        self.app, self.directory, self.services = app, directory, services_of(app)
        self.tenant_id: UUID = make_tenant(self.services)
        self.clock = VirtualClock()
        self.tunnels: dict[str, Tunnel] = {}

    def person(self, person_id: str, *roles: str) -> str:
        return make_person(self.services, self.tenant_id, person_id, *roles)

    def put(self, collection: str, record_id: str, **fields: object) -> str:
        return put(self.services, self.tenant_id, collection, record_id, **fields)

    def phone(self, person_id: str, name: str = "phone", network: Network | None = None) -> Client:
        place = f"{person_id}-{name}"
        self.tunnels[place] = tunnel = Tunnel(network or AppNetwork(self.app))
        around = surroundings(Random(place), self.clock)
        phone = Client(self.directory / place, network=tunnel, surroundings=around, durable=False)
        phone.sign_in(self.code(person_id))
        phone.sync()
        return phone

    def code(self, person_id: str) -> str:
        with self.services.database.begin(self.tenant_id) as connection:
            return sign_in.make_code(connection, self.tenant_id, person_id, self.services.now())

    def network(self, person_id: str, name: str = "phone", *, up: bool) -> None:
        self.tunnels[f"{person_id}-{name}"].open = up


@pytest.fixture
def school(database_url: str, token_key: str, tmp_path: Path) -> Iterator[School]:
    app = create_app(Settings.from_environment(environment(database_url, token_key)))
    yield School(app, tmp_path)
    services_of(app).database.dispose()
