"""A tenant's providers, by its administrators and by the operator."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from service.accounts.oidc import providers
from service.accounts.oidc.providers import NewProvider
from service.accounts.seal import Seal, SealError
from tests.accounts.schools.conftest import ANA
from tests.builders import Caller, caller, make_person, make_tenant, services_of

NEW = {
    "name": "North High",
    "issuer": "https://login.north.example",
    "client_id": "comewatch",
    "client_secret": "hush-hush",
}


@pytest.fixture
def admin(app: Flask, tenant_id: UUID) -> Caller:
    return caller(app, tenant_id, make_person(services_of(app), tenant_id, "person-adam", "admin"))


@pytest.fixture
def ours(app: Flask, tenant_id: UUID) -> None:
    """The operator has said that north.example is this tenant's."""
    with services_of(app).database.begin_reference() as connection:
        providers.bind_domains(connection, tenant_id, ["North.example"])


def test_an_administrator_adds_lists_and_removes(admin: Caller, ours: None) -> None:
    made = admin.post("/v1/identity-providers", NEW | {"domains": ["north.example"]})
    assert made.status_code == 201, made.text
    assert made.json["redirect_uri"].endswith(f"/v1/sign-in/oidc/{made.json['id']}/callback")
    assert "hush-hush" not in made.text
    assert made.json["links_by_verified_address"] is False
    assert admin.get("/v1/identity-providers").json == {"items": [made.json]}
    assert admin.delete(f"/v1/identity-providers/{made.json['id']}").status_code == 204
    assert admin.get("/v1/identity-providers").json == {"items": []}


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"domains": ["south.example"]}, "/domains"), ({"domains": ["no domain"]}, "/domains"),
        ({"issuer": "http://10.0.0.1/issuer"}, "/issuer"), ({"issuer": "file:///etc/passwd"}, "/issuer"),
        ({"issuer": "https://169.254.169.254"}, "/issuer"), ({"links_by_verified_address": True}, "/links_by_verified_address"),
    ],
)  # fmt: skip
def test_what_an_administrator_may_not_say(
    admin: Caller, ours: None, wrong: dict[str, Any], place: str
) -> None:
    answer = admin.post("/v1/identity-providers", NEW | wrong)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [place])


def test_others_see_nothing_there(app: Flask, tenant_id: UUID, admin: Caller) -> None:
    made = admin.post("/v1/identity-providers", NEW).json["id"]
    teacher = caller(app, tenant_id, ANA)
    south = make_tenant(services_of(app), "south")
    stranger = caller(app, south, make_person(services_of(app), south, "person-sven", "admin"))
    absent = admin.delete("/v1/identity-providers/00000000-0000-4000-8000-000000000000")
    for answer in (
        teacher.get("/v1/identity-providers"),
        teacher.post("/v1/identity-providers", NEW),
        teacher.delete(f"/v1/identity-providers/{made}"),
        stranger.delete(f"/v1/identity-providers/{made}"),
    ):
        assert (answer.status_code, answer.data) == (404, absent.data)
    assert stranger.get("/v1/identity-providers").json == {"items": []}
    assert len(admin.get("/v1/identity-providers").json["items"]) == 1


def test_a_domain_is_one_tenants(app: Flask, tenant_id: UUID, ours: None) -> None:
    services = services_of(app)
    south = make_tenant(services, "south")
    with services.database.begin_reference() as connection, pytest.raises(providers.DirectoryError):
        providers.bind_domains(connection, south, ["north.example"])


def test_a_client_secret_lies_sealed_and_opens_for_its_provider_alone(app: Flask, tenant_id: UUID) -> None:
    services = services_of(app)
    seal = Seal(services.settings.secret_key)
    new = NewProvider("North", "https://login.north.example", "comewatch", "hush-hush", [])
    with services.database.begin_reference() as connection:
        made, other = (providers.add(connection, seal, tenant_id, new, services.now()) for _ in range(2))
        row = providers.find(connection, made)
    assert row is not None
    assert b"hush" not in row.sealed_secret
    assert seal.open(row.sealed_secret, made.bytes) == "hush-hush"
    for wrong, whose in ((seal, other), (Seal(b"another secret key of the service"), made)):
        with pytest.raises(SealError):
            wrong.open(row.sealed_secret, whose.bytes)
