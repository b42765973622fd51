"""The real app on a real PostgreSQL, with a few colleagues in one tenant and a stranger in another."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from flask import Flask

from service.app import create_app, make_services
from service.settings import Settings
from tests.api.formats import say_all
from tests.builders import Caller, caller, make_person, make_tenant, put, services_of
from tests.conftest import environment

HANA, OLGA, PETRA = "hana-host", "olga-observes", "petra-passes-by"


@pytest.fixture(scope="session")
def one_app() -> list[Flask]:
    """Describing itself takes an app longer than most tests: it is made once, and served by each file's services."""
    return []


@pytest.fixture(scope="module")
def settings(session_database_url: str, token_key: str) -> Settings:
    """Settings over the file's own database; each test has a tenant of its own there."""
    return Settings.from_environment(environment(session_database_url, token_key))


@pytest.fixture(scope="module")
def app(settings: Settings, one_app: list[Flask]) -> Iterator[Flask]:
    if one_app:
        make_services(settings).serve(one_app[0])
    else:
        one_app.append(create_app(settings))
    yield one_app[0]
    services_of(one_app[0]).database.dispose()


@pytest.fixture
def tenant_id(app: Flask) -> UUID:
    services = services_of(app)
    tenant_id = make_tenant(services, f"north-{uuid4().hex[:8]}")
    for person_id in (HANA, OLGA, PETRA):
        make_person(services, tenant_id, person_id)
    return tenant_id


@pytest.fixture
def hana(app: Flask, tenant_id: UUID) -> Caller:
    """The host."""
    return caller(app, tenant_id, HANA)


@pytest.fixture
def olga(app: Flask, tenant_id: UUID) -> Caller:
    """The observer."""
    return caller(app, tenant_id, OLGA)


@pytest.fixture
def petra(app: Flask, tenant_id: UUID) -> Caller:
    """A colleague who has nothing to do with it."""
    return caller(app, tenant_id, PETRA)


@pytest.fixture
def stranger(app: Flask) -> Caller:
    """Somebody in another tenant."""
    services = services_of(app)
    elsewhere = make_tenant(services, f"south-{uuid4().hex[:8]}")
    return caller(app, elsewhere, make_person(services, elsewhere, "stella-stranger"))


@pytest.fixture
def nobody(app: Flask) -> Caller:
    """Somebody without a token."""
    return Caller(app.test_client(use_cookies=False))


@pytest.fixture
def visit_id(app: Flask, tenant_id: UUID) -> str:
    """A drop-in of Olga's at Hana's, captured."""
    there = {"host_id": HANA, "observer_ids": [OLGA], "state": "captured"}
    return put(services_of(app), tenant_id, "visits", "visit-one", **there)


@pytest.fixture
def written(olga: Caller, visit_id: str) -> list[str]:
    """The ids of drafts of Olga's that say all that notes may say."""
    return say_all(olga)
