"""What an administrator does to others, or to the tenant, is noted with her name: each act at its door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from flask import Flask

from service.accounts.oidc import providers
from service.app import create_app
from service.audit import verify
from service.settings import Settings
from tests.builders import Caller, caller, make_person, make_tenant, services_of

ADA, BEA = "person-ada", "person-bea"
Act = Callable[[Caller], Any]
WEBHOOK = {"url": "https://lms.example/hook", "events": ["notes.shared"]}
APP = {"name": "Planner", "redirect_uris": ["https://lms.example/back"], "scopes": ["profile"]}
ISSUER = {"name": "North", "issuer": "https://login.north.example", "client_id": "comewatch", "domains": ["north.example"]}  # fmt: skip


def added(who: Caller, path: str, said: dict[str, Any], name: str = "id") -> str:
    answer = who.post(path, said)
    assert answer.status_code == 201, answer.text
    return str(answer.json[name])


def webhook(who: Caller, act: Callable[[str], Any]) -> None:
    act(f"/v1/webhooks/{added(who, '/v1/webhooks', WEBHOOK)}")


def app_of(who: Caller, act: Callable[[str], Any]) -> None:
    act(f"/v1/admin/apps/{added(who, '/v1/admin/apps', APP, 'client_id')}/approval")


def approved_and_withdrawn(who: Caller, path: str) -> None:
    who.call("PUT", path, json={"scopes": ["profile"]})
    who.delete(path)


DOORS: dict[str, tuple[Act, list[dict[str, Any]]]] = {
    "a person is added": (
        lambda who: added(who, "/v1/people", {"id": "person-cai", "display_name": "Cai"}),
        [{"act": "person_added", "person_id": "person-cai"}],
    ),
    "a person is changed": (
        lambda who: who.patch(f"/v1/people/{BEA}", {"display_name": "Bea Lind"}),
        [{"act": "person_changed", "person_id": BEA}],
    ),
    "a provider is added and removed": (
        lambda who: who.delete(f"/v1/identity-providers/{added(who, '/v1/identity-providers', ISSUER)}"),
        [{"act": "provider_changed", "way": "added"}, {"act": "provider_changed", "way": "removed"}],
    ),
    "a webhook is added and changed": (
        lambda who: webhook(who, lambda path: who.patch(path, {"active": False})),
        [{"act": "webhook_changed", "way": "added"}, {"act": "webhook_changed", "way": "changed"}],
    ),
    "a webhook's secret is made anew": (
        lambda who: webhook(who, lambda path: who.post(f"{path}/rotate-secret")),
        [{"act": "webhook_changed", "way": "added"}, {"act": "webhook_changed", "way": "secret_rotated"}],
    ),
    "a webhook is removed": (
        lambda who: webhook(who, who.delete),
        [{"act": "webhook_changed", "way": "added"}, {"act": "webhook_changed", "way": "removed"}],
    ),
    "an app is registered, approved and withdrawn": (
        lambda who: app_of(who, lambda path: approved_and_withdrawn(who, path)),
        [{"act": "app_registered"}, {"act": "app_approved", "by": ADA}, {"act": "app_revoked", "by": ADA}],
    ),
}


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    services_of(app).database.dispose()


@pytest.fixture
def tenant_id(app: Flask) -> UUID:
    services = services_of(app)
    tenant_id = make_tenant(services)
    make_person(services, tenant_id, ADA, "admin")
    make_person(services, tenant_id, BEA)
    with services.database.begin_reference() as connection:
        providers.bind_domains(connection, tenant_id, ["north.example"])
    return tenant_id


def noted(app: Flask, tenant_id: UUID) -> list[tuple[str | None, dict[str, Any]]]:
    with services_of(app).database.begin(tenant_id) as connection:
        rows = list(verify.rows(connection, tenant_id))
    return [(row.actor_id, {"act": row.act} | orjson.loads(row.about)) for row in rows]


def test_every_door_notes_what_was_done_by_whom(app: Flask, tenant_id: UUID) -> None:
    ada = caller(app, tenant_id, ADA)
    for door, (act, expected) in DOORS.items():
        before = len(noted(app, tenant_id))
        act(ada)
        found = noted(app, tenant_id)[before:]
        acts = {one["act"] for one in expected}
        told = [(actor, about) for actor, about in found if about["act"] in acts]
        assert len(told) == len(expected), (door, found)
        for (actor, about), wanted in zip(told, expected, strict=True):
            assert ADA in (actor, about.get("by")), (door, about)
            assert wanted.items() <= about.items(), (door, about)


def test_what_a_person_writes_of_herself_is_no_act_of_an_administrator(app: Flask, tenant_id: UUID) -> None:
    bea = caller(app, tenant_id, BEA)
    before = len(noted(app, tenant_id))
    assert bea.patch(f"/v1/people/{BEA}", {"display_name": "Bea L."}).status_code == 200
    assert [about["act"] for _, about in noted(app, tenant_id)[before:]] == []
