"""The real app, a tenant with Ana and Eva, and the school's provider."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask

from service.accounts import directory
from service.app import create_app, make_services
from service.settings import Settings
from tests.accounts.schools.school import APP, Browser, Phone, School, add_provider, client_id_of
from tests.builders import make_person, make_tenant, services_of
from tests.conftest import environment

ANA, EVA = "person-ana", "person-eva"


@pytest.fixture(scope="session")
def one_app() -> list[Flask]:
    return []


@pytest.fixture
def app(database_url: str, token_key: str, one_app: list[Flask]) -> Iterator[Flask]:
    settings = Settings.from_environment(environment(database_url, token_key) | {"APP_ADDRESSES": APP})
    if one_app:
        make_services(settings).serve(one_app[0])
    else:
        one_app.append(create_app(settings))
    yield one_app[0]
    services_of(one_app[0]).database.dispose()


@pytest.fixture
def tenant_id(app: Flask) -> UUID:
    services = services_of(app)
    tenant_id = make_tenant(services)
    for person_id in (ANA, EVA):
        make_person(services, tenant_id, person_id)
        with services.database.begin(tenant_id) as connection:
            address = f"{person_id.removeprefix('person-')}@north.example"
            directory.add_address(connection, address, tenant_id, person_id, services.now())
    return tenant_id


@pytest.fixture(scope="session")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    school = School(tmp_path_factory.mktemp("school"))
    yield school
    school.close()


@pytest.fixture
def provider_id(app: Flask, tenant_id: UUID, school: School) -> UUID:
    """The school's provider, which may find people by their verified addresses."""
    return trusted(app, tenant_id, school, links=True)


def trusted(app: Flask, tenant_id: UUID, school: School, *, links: bool) -> UUID:
    provider_id = add_provider(app, tenant_id, school.issuer, links=links)
    redirect_uri = services_of(app).attempts.redirect_uri(provider_id)
    school.trusts(client_id_of(app, provider_id), redirect_uri)
    return provider_id


@pytest.fixture
def phone(app: Flask, provider_id: UUID) -> Phone:
    return Phone(app, provider_id)


@pytest.fixture
def browser(app: Flask) -> Iterator[Browser]:
    browser = Browser(app)
    yield browser
    browser.school.close()
