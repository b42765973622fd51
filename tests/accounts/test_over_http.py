"""Signing in over HTTP: what a phone sends, hears, and is told when it may no longer come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.accounts import sign_in
from service.app import create_app, make_services
from service.settings import Settings
from tests.accounts.conftest import Clock
from tests.builders import CHALLENGE, Caller, make_person, make_tenant, services_of

ANA, EVA = "person-ana", "person-eva"
PHONE = {"device_id": "phone-of-ana", "device_name": "Ana's phone"}
TABLET = {"device_id": "tablet-of-ana", "device_name": "Ana's tablet"}


@pytest.fixture(scope="module")
def one_app() -> list[Flask]:
    """Made once, as its description takes long; served by each test's services."""
    return []


@pytest.fixture
def app(settings: Settings, clock: Clock, one_app: list[Flask]) -> Iterator[Flask]:
    if one_app:
        make_services(settings, clock).serve(one_app[0])
    else:
        one_app.append(create_app(settings, now=clock))
    yield one_app[0]
    services_of(one_app[0]).database.dispose()


@pytest.fixture
def tenant_id(app: Flask) -> UUID:
    tenant_id = make_tenant(services_of(app))
    make_person(services_of(app), tenant_id, ANA, "teacher", "lead", display_name="Ana Ruiz")
    make_person(services_of(app), tenant_id, EVA)
    return tenant_id


@pytest.fixture
def code(app: Flask, tenant_id: UUID) -> str:
    return new_code(app, tenant_id, ANA)


def new_code(app: Flask, tenant_id: UUID, person_id: str) -> str:
    with services_of(app).database.begin(tenant_id) as connection:
        return sign_in.make_code(connection, tenant_id, person_id, services_of(app).now())


@pytest.fixture
def nobody(app: Flask) -> Caller:
    return Caller(app.test_client(use_cookies=False))


@pytest.fixture
def tokens_of_ana(nobody: Caller, code: str) -> dict[str, Any]:
    answer = nobody.post("/v1/sign-in/code", {"code": code, **PHONE})
    assert answer.status_code == 200
    assert answer.json is not None
    return dict(answer.json)


def caller(app: Flask, tokens: dict[str, Any]) -> Caller:
    return Caller(app.test_client(use_cookies=False), tokens["access_token"])


@pytest.fixture
def ana(app: Flask, tokens_of_ana: dict[str, Any]) -> Caller:
    return caller(app, tokens_of_ana)


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    return answer.status_code, answer.json["type"]


def test_a_code_is_exchanged_for_tokens(tokens_of_ana: dict[str, Any], tenant_id: UUID) -> None:
    assert tokens_of_ana.pop("access_token").count(".") == 2
    assert tokens_of_ana.pop("refresh_token").startswith("cwr_")
    assert tokens_of_ana == {
        "token_type": "Bearer",
        "expires_in": 600,
        "person_id": "person-ana",
        "tenant_id": str(tenant_id),
        "device_id": "phone-of-ana",
    }


def test_tokens_are_stored_by_nobody_on_the_way(nobody: Caller, code: str) -> None:
    answer = nobody.post("/v1/sign-in/code", {"code": code, **PHONE}, headers={"Accept-Encoding": "gzip"})
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Content-Encoding" not in answer.headers


def test_used_unknown_and_expired_codes_are_answered_alike(
    nobody: Caller, code: str, app: Flask, tenant_id: UUID, clock: Clock
) -> None:
    old = new_code(app, tenant_id, EVA)
    assert nobody.post("/v1/sign-in/code", {"code": code, **PHONE}).status_code == 200
    used = nobody.post("/v1/sign-in/code", {"code": code, **TABLET})
    unknown = nobody.post("/v1/sign-in/code", {"code": "AAAA", **TABLET})
    clock.forward(days=7, seconds=1)
    expired = nobody.post("/v1/sign-in/code", {"code": old, **TABLET})
    assert problem(used) == (401, "/problems/code-not-valid")
    assert used.data == unknown.data == expired.data
    assert used.headers["WWW-Authenticate"] == CHALLENGE


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"code": "x", "device_id": "short", "device_name": "n"}, "/device_id"),
        ({"code": "x", "device_id": "phone-of-ana", "device_name": ""}, "/device_name"),
        ({"code": "", **PHONE}, "/code"),
        ({"code": 7, **PHONE}, "/code"),
        ({**PHONE}, "/code"),
        ({"code": "x", "person_id": "person-eva", **PHONE}, "/person_id"),
    ],
)
def test_a_faulty_sign_in_is_told_where(
    nobody: Caller, tenant_id: UUID, said: dict[str, Any], place: str
) -> None:
    answer = nobody.post("/v1/sign-in/code", said)
    assert problem(answer) == (422, "/problems/invalid-request")
    assert answer.json is not None
    assert list(answer.json["errors"]) == [place]


def test_who_am_i(ana: Caller, tenant_id: UUID) -> None:
    answer = ana.get("/v1/me")
    assert answer.status_code == 200
    assert answer.json == {
        "person": {
            "id": "person-ana",
            "display_name": "Ana Ruiz",
            "roles": ["lead", "teacher"],
            "evaluator_ids": None,
            "created_by": "system",
            "created_at": "2026-11-21T09:30:00.000Z",
            "updated_at": "2026-11-21T09:30:00.000Z",
        },
        "tenant": {"id": str(tenant_id), "slug": "north", "name": "north district"},
        "device_id": "phone-of-ana",
        "roles": ["lead", "teacher"],
    }


@pytest.mark.parametrize("said", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer ü"])
def test_without_a_token_of_ours_nobody_comes_in(nobody: Caller, tenant_id: UUID, said: str | None) -> None:
    headers = {} if said is None else {"Authorization": said}
    answer = nobody.get("/v1/me", headers=headers)
    assert problem(answer) == (401, "/problems/sign-in-required")
    assert answer.headers["WWW-Authenticate"] == CHALLENGE


def test_an_expired_token_is_refreshed(
    app: Flask, nobody: Caller, tokens_of_ana: dict[str, Any], clock: Clock
) -> None:
    ana = caller(app, tokens_of_ana)
    clock.forward(minutes=10)
    assert problem(ana.get("/v1/me")) == (401, "/problems/sign-in-required")
    renewed = nobody.post("/v1/sign-in/refresh", {"refresh_token": tokens_of_ana["refresh_token"]})
    assert renewed.status_code == 200
    assert renewed.json is not None
    assert caller(app, renewed.json).get("/v1/me").status_code == 200


def test_a_token_seen_in_use_makes_its_predecessor_a_copy(
    app: Flask, nobody: Caller, tokens_of_ana: dict[str, Any], clock: Clock
) -> None:
    first = {"refresh_token": tokens_of_ana["refresh_token"]}
    renewed = nobody.post("/v1/sign-in/refresh", first)
    again = nobody.post("/v1/sign-in/refresh", first)
    assert renewed.json is not None
    assert again.json is not None
    assert renewed.json["refresh_token"] == again.json["refresh_token"]
    assert caller(app, renewed.json).get("/v1/me").status_code == 200
    clock.forward(seconds=61)
    assert problem(nobody.post("/v1/sign-in/refresh", first)) == (401, "/problems/session-ended")
    assert problem(caller(app, renewed.json).get("/v1/me")) == (401, "/problems/session-ended")


@pytest.mark.parametrize("token", ["", "cwr_x", "nonsense", "cwr_" + "A" * 91])
def test_what_is_no_refresh_token_renews_nothing(nobody: Caller, tenant_id: UUID, token: str) -> None:
    answer = nobody.post("/v1/sign-in/refresh", {"refresh_token": token})
    assert problem(answer) == (401, "/problems/sign-in-required")


def test_a_token_on_another_device_is_refused(ana: Caller) -> None:
    assert ana.get("/v1/me", headers={"X-Device-Id": "phone-of-ana"}).status_code == 200
    answer = ana.get("/v1/me", headers={"X-Device-Id": "phone-of-eva"})
    assert problem(answer) == (401, "/problems/wrong-device")


def test_a_token_of_ours_cannot_name_another_tenants_session(
    app: Flask, tokens_of_ana: dict[str, Any]
) -> None:
    """Signed by us and mistaken: the session is looked for inside the tenant that the token names."""
    tokens = services_of(app).tokens
    claims = tokens.read_access(tokens_of_ana["access_token"])
    crossed = tokens.write_access(replace(claims, tenant_id=make_tenant(services_of(app), "south")))
    answer = Caller(app.test_client(use_cookies=False), crossed).get("/v1/me")
    assert problem(answer) == (401, "/problems/session-ended")


def test_signing_out_ends_the_session_at_once(
    ana: Caller, nobody: Caller, tokens_of_ana: dict[str, Any]
) -> None:
    assert ana.post("/v1/sign-out").status_code == 204
    ended = ana.get("/v1/me")
    assert problem(ended) == (401, "/problems/session-ended")
    assert ended.json is not None
    assert "wipe" not in ended.json
    renewed = nobody.post("/v1/sign-in/refresh", {"refresh_token": tokens_of_ana["refresh_token"]})
    assert problem(renewed) == (401, "/problems/session-ended")


def second_device(app: Flask, nobody: Caller, tenant_id: UUID, clock: Clock) -> Caller:
    clock.forward(minutes=1)
    answer = nobody.post("/v1/sign-in/code", {"code": new_code(app, tenant_id, ANA), **TABLET})
    assert answer.json is not None
    return caller(app, answer.json)


def test_ones_devices_are_listed(
    app: Flask, ana: Caller, nobody: Caller, tenant_id: UUID, clock: Clock
) -> None:
    second_device(app, nobody, tenant_id, clock)
    clock.forward(minutes=1)
    answer = ana.get("/v1/devices")
    assert answer.json is not None
    assert answer.json["items"] == [
        {
            "device_id": "phone-of-ana",
            "device_name": "Ana's phone",
            "created_at": "2026-11-21T09:30:00.000Z",
            "last_used_at": "2026-11-21T09:32:00.000Z",
            "current": True,
        },
        {
            "device_id": "tablet-of-ana",
            "device_name": "Ana's tablet",
            "created_at": "2026-11-21T09:31:00.000Z",
            "last_used_at": "2026-11-21T09:31:00.000Z",
            "current": False,
        },
    ]


def test_a_removed_device_is_out_at_once_and_told_to_wipe(
    app: Flask, ana: Caller, nobody: Caller, tenant_id: UUID, clock: Clock
) -> None:
    tablet = second_device(app, nobody, tenant_id, clock)
    assert tablet.call("DELETE", "/v1/devices/phone-of-ana").status_code == 204
    ended = ana.get("/v1/me")
    assert problem(ended) == (401, "/problems/session-ended")
    assert ended.json is not None
    assert ended.json["wipe"] is True
    assert tablet.get("/v1/me").status_code == 200
    answer = tablet.get("/v1/devices")
    assert answer.json is not None
    assert [device["device_id"] for device in answer.json["items"]] == ["tablet-of-ana"]


def test_others_devices_are_not_there(app: Flask, ana: Caller, nobody: Caller, tenant_id: UUID) -> None:
    answer = nobody.post(
        "/v1/sign-in/code",
        {"code": new_code(app, tenant_id, EVA), "device_id": "phone-of-eva", "device_name": "Eva's"},
    )
    assert answer.json is not None
    eva = caller(app, answer.json)
    stolen = ana.call("DELETE", "/v1/devices/phone-of-eva")
    absent = ana.call("DELETE", "/v1/devices/phone-of-nobody")
    assert problem(stolen) == (404, "/problems/not-found")
    assert stolen.data == absent.data
    assert eva.get("/v1/me").status_code == 200


def test_one_calls_ones_devices_by_another_name(
    app: Flask, ana: Caller, nobody: Caller, tenant_id: UUID, clock: Clock
) -> None:
    second_device(app, nobody, tenant_id, clock)
    assert ana.patch("/v1/devices/tablet-of-ana", {"device_name": "The library's tablet"}).status_code == 204
    answer = ana.get("/v1/devices")
    assert answer.json is not None
    assert sorted(device["device_name"] for device in answer.json["items"]) == [
        "Ana's phone",
        "The library's tablet",
    ]
    absent = ana.patch("/v1/devices/phone-of-nobody", {"device_name": "Mine now"})
    assert problem(absent) == (404, "/problems/not-found")
    assert problem(ana.patch("/v1/devices/tablet-of-ana", {"device_name": ""})) == (
        422,
        "/problems/invalid-request",
    )


def test_others_devices_keep_their_names(app: Flask, ana: Caller, nobody: Caller, tenant_id: UUID) -> None:
    said = {"code": new_code(app, tenant_id, EVA), "device_id": "phone-of-eva", "device_name": "Eva's"}
    answer = nobody.post("/v1/sign-in/code", said)
    assert answer.json is not None
    eva = caller(app, answer.json)
    assert ana.patch("/v1/devices/phone-of-eva", {"device_name": "Ana's now"}).status_code == 404
    listed = eva.get("/v1/devices")
    assert listed.json is not None
    assert [device["device_name"] for device in listed.json["items"]] == ["Eva's"]


def test_roles_are_those_of_now(app: Flask, ana: Caller, tenant_id: UUID) -> None:
    from sync.changes import Change
    from sync.server.actor import system_actor

    services = services_of(app)
    with services.database.begin(tenant_id) as connection:
        change = Change("change-of-roles", "people", ANA, {"roles": ["coach"]})
        services.door.push(connection, system_actor(tenant_id), [change])
    answer = ana.get("/v1/me")
    assert answer.json is not None
    assert answer.json["roles"] == ["coach"]


def test_a_person_whose_record_is_gone_is_out(app: Flask, ana: Caller, tenant_id: UUID) -> None:
    with services_of(app).database.begin(tenant_id) as connection:
        connection.exec_driver_sql(f"DELETE FROM role_grants WHERE tenant_id = '{tenant_id}'")
        connection.exec_driver_sql(f"DELETE FROM people WHERE tenant_id = '{tenant_id}' AND id = '{ANA}'")
    assert problem(ana.get("/v1/me")) == (401, "/problems/session-ended")
