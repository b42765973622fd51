"""Nobody agrees to more than her page showed, whatever her tenant approves before she presses the button, or after."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from tests.api.apps.conftest import Browser, Maker, Verifier, answered, approve, register, shown_on
from tests.api.apps.test_devices_and_itself import WAY

ASKED = "notes:read profile"


@pytest.fixture
def narrow(app: Flask, tenant_id: UUID) -> Maker:
    """An app that may ask for more than its tenant approves yet."""
    made = register(app, tenant_id, public=True)
    approve(app, tenant_id, made.client_id, "profile")
    return Maker(app, made.client_id, None)


def test_a_code_is_for_what_was_shown(app: Flask, tenant_id: UUID, browser: Browser, narrow: Maker) -> None:
    verifier = Verifier()
    said = narrow.request(verifier, ASKED)
    shown = shown_on(browser.get("/oauth/authorize", said))
    approve(app, tenant_id, narrow.client_id)
    code = answered(browser.post("/oauth/authorize", said, {"said": "yes", "shown": shown}))["code"]
    assert (narrow.exchange(code, verifier).json or {})["scope"] == "profile"


def test_a_device_is_let_into_what_was_shown(
    app: Flask, tenant_id: UUID, browser: Browser, narrow: Maker
) -> None:
    device = narrow.post("/oauth/device_authorization", {"scope": ASKED}).json or {}
    said = {"user_code": device["user_code"]}
    shown = shown_on(browser.get("/oauth/device", said))
    assert browser.post("/oauth/device", said, {"said": "yes", "shown": shown}).status_code == 200
    approve(app, tenant_id, narrow.client_id)
    polled = narrow.post("/oauth/token", {"grant_type": WAY, "device_code": device["device_code"]})
    assert (polled.json or {})["scope"] == "profile"


@pytest.mark.parametrize("shown", ["", "notes:read", "visits:write", "profil"])
def test_what_was_not_shown_is_not_agreed_to(browser: Browser, narrow: Maker, shown: str) -> None:
    said = narrow.request(Verifier(), ASKED)
    told = answered(browser.post("/oauth/authorize", said, {"said": "yes", "shown": shown}))
    assert told["error"] == "access_denied"
