"""Devices without a browser, apps that act for themselves, and what an app hears about its own tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.accounts.conftest import Clock
from tests.api.apps.conftest import ANA, Browser, Maker, approve, register, tokens
from tests.builders import make_tenant, services_of

WAY = "urn:ietf:params:oauth:grant-type:device_code"
BY_ITSELF = ("roster:read", "webhooks:manage", "trends:read", "notes:read")


def told(response: TestResponse) -> str:
    assert response.status_code in (400, 401), response.text
    return str((response.json or {})["error"])


@pytest.fixture
def device(mobile: Maker) -> dict[str, Any]:
    """The codes of a device."""
    response = mobile.post("/oauth/device_authorization", {"scope": "profile notes:read"})
    assert response.status_code == 200, response.text
    return dict(response.json or {})


def poll(maker: Maker, device: dict[str, Any]) -> TestResponse:
    return maker.post("/oauth/token", {"grant_type": WAY, "device_code": device["device_code"]})


def say(browser: Browser, device: dict[str, Any], said: str) -> TestResponse:
    return browser.post("/oauth/device", {"user_code": device["user_code"]}, {"said": said})


def test_a_device_is_connected(browser: Browser, mobile: Maker, device: dict[str, Any], clock: Clock) -> None:
    assert device["verification_uri"].endswith("/oauth/device")
    assert (device["interval"], device["expires_in"]) == (5, 600)
    assert told(poll(mobile, device)) == "authorization_pending"
    asked = browser.get("/oauth/device", {"user_code": device["user_code"].lower().replace("-", " ")})
    assert "Lesson Box asks to act for you" in asked.text
    assert say(browser, device, "yes").status_code == 200
    clock.forward(seconds=5)
    given = poll(mobile, device)
    assert given.status_code == 200, given.text
    me = mobile.caller((given.json or {})["access_token"]).get("/v1/me")
    assert (me.json or {})["person"]["id"] == ANA


def test_a_lost_answer_is_given_to_the_device_again(
    browser: Browser, mobile: Maker, device: dict[str, Any]
) -> None:
    say(browser, device, "yes")
    first, again = poll(mobile, device).json or {}, poll(mobile, device).json or {}
    assert first["refresh_token"] == again["refresh_token"]
    assert mobile.caller(again["access_token"]).get("/v1/me").status_code == 200
    assert told(poll(mobile, device)) == "invalid_grant", "it was heard"


def test_a_device_that_hurries_is_slowed_down(mobile: Maker, device: dict[str, Any], clock: Clock) -> None:
    assert told(poll(mobile, device)) == "authorization_pending"
    clock.forward(seconds=4)
    assert told(poll(mobile, device)) == "slow_down"
    clock.forward(seconds=9)
    assert told(poll(mobile, device)) == "slow_down", "it is ten seconds by now"
    clock.forward(seconds=15)
    assert told(poll(mobile, device)) == "authorization_pending"


def test_a_refused_device_and_an_old_one(
    browser: Browser, mobile: Maker, device: dict[str, Any], clock: Clock
) -> None:
    assert say(browser, device, "no").status_code == 200
    assert told(poll(mobile, device)) == "access_denied"
    assert say(browser, device, "yes").status_code == 404, "it was answered"
    clock.forward(minutes=10, seconds=1)
    assert told(poll(mobile, device)) == "expired_token"
    other = mobile.post("/oauth/device_authorization", {"scope": "profile"}).json or {}
    clock.forward(minutes=10, seconds=1)
    assert say(browser, other, "yes").status_code == 404


@pytest.mark.parametrize("code", ["", "BCDF", "BCDF-GHJK", "a\0b", "ü" * 8, "'; --"])
def test_no_device_waits_with_another_code(browser: Browser, device: dict[str, Any], code: str) -> None:
    answer = browser.post("/oauth/device", {"user_code": code}, {"said": "yes"})
    assert answer.status_code in (400, 404)


def test_a_devices_code_is_for_its_app(
    lms: Maker, device: dict[str, Any], browser: Browser, mobile: Maker
) -> None:
    say(browser, device, "yes")
    assert told(poll(lms, device)) == "unauthorized_client"
    assert poll(mobile, device).status_code == 200


@pytest.mark.parametrize("scope", ["evaluation:read", "media:write", ""])
def test_a_device_asks_only_for_what_its_app_registered(mobile: Maker, scope: str) -> None:
    assert told(mobile.post("/oauth/device_authorization", {"scope": scope})) == "invalid_scope"


def test_a_device_of_an_app_that_is_not_approved(app: Flask, tenant_id: UUID, browser: Browser) -> None:
    maker = Maker(app, register(app, None, public=True).client_id)
    device = maker.post("/oauth/device_authorization", {"scope": "profile"}).json or {}
    assert browser.get("/oauth/device", {"user_code": device["user_code"]}).status_code == 403
    say(browser, device, "yes")
    assert told(poll(maker, device)) == "access_denied"


# -- apps by themselves -----------------------------------------------------------------------------------------------


def by_itself(maker: Maker, scope: str, **other: str) -> TestResponse:
    return maker.post("/oauth/token", {"grant_type": "client_credentials", "scope": scope} | other)


@pytest.fixture
def roster(app: Flask, tenant_id: UUID) -> Maker:
    made = register(app, tenant_id, *BY_ITSELF)
    approve(app, tenant_id, made.client_id, *BY_ITSELF[:2], "notes:read")
    return Maker(app, made.client_id, made.client_secret)


def test_an_app_acts_for_itself(app: Flask, tenant_id: UUID, roster: Maker) -> None:
    given = by_itself(roster, "roster:read")
    assert given.status_code == 200, given.text
    said = given.json or {}
    assert (said["scope"], "refresh_token" in said) == ("roster:read", False)
    about = roster.post("/oauth/introspect", {"token": said["access_token"]}).json or {}
    assert (about["active"], about["sub"], about["scope"]) == (True, roster.client_id, "roster:read")
    for path in ("/v1/me", "/v1/notes", "/v1/people", "/v1/apps", "/v1/devices"):
        assert roster.caller(said["access_token"]).get(path).status_code == 403
    with services_of(app).database.begin(tenant_id) as connection:
        rows = connection.exec_driver_sql(
            f"SELECT count(*) FROM session WHERE tenant_id = '{tenant_id}' AND person_id = '{roster.client_id}'"
        )
        by_itself(roster, "roster:read")
        assert rows.scalar() == 1


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "notes:read",
        "profile",
        "roster:read notes:read",
        "trends:read",
        "webhooks:manage",
        "evaluation:read",
    ],
)
def test_an_app_may_not_all_by_itself(roster: Maker, scope: str) -> None:
    """Nothing of a person's, and nothing that the tenant did not approve."""
    assert told(by_itself(roster, scope)) == "invalid_scope"


def test_an_app_by_itself_is_of_one_tenant(app: Flask, roster: Maker) -> None:
    slug = "south-of-the-roster"
    make_tenant(services_of(app), slug)
    assert told(by_itself(roster, "roster:read", tenant=slug)) == "invalid_scope"
    assert told(by_itself(roster, "roster:read", tenant="nowhere")) == "invalid_scope"


def test_who_keeps_no_secret_never_acts_by_itself(mobile: Maker) -> None:
    assert told(by_itself(mobile, "roster:read")) in ("invalid_client", "unauthorized_client")


# -- about a token ----------------------------------------------------------------------------------------------------


def test_an_app_hears_about_its_own_tokens(browser: Browser, lms: Maker) -> None:
    given = tokens(browser, lms)
    access = lms.post("/oauth/introspect", {"token": given["access_token"]}).json or {}
    refresh = lms.post("/oauth/introspect", {"token": given["refresh_token"]}).json or {}
    for about in (access, refresh):
        assert about["active"] is True
        assert (about["sub"], about["client_id"]) == (ANA, lms.client_id)
        assert about["scope"] == "notes:read profile"
    lms.post("/oauth/revoke", {"token": given["refresh_token"], "token_type_hint": "refresh_token"})
    for name in ("access_token", "refresh_token"):
        assert lms.post("/oauth/introspect", {"token": given[name]}).json == {"active": False}


@pytest.mark.parametrize("token", ["", "x", "cwr_x", "a.b.c", "cwr_" + "A" * 91])
def test_what_is_no_token_is_not_active_and_gives_nothing_back(lms: Maker, token: str) -> None:
    assert lms.post("/oauth/introspect", {"token": token}).json == {"active": False}
    assert lms.post("/oauth/revoke", {"token": token}).status_code == 200
