"""A person lets an app act for her in a real Chromium: she signs in, reads what it asks for, and clicks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID, uuid4

import pytest
from flask import Flask
from playwright.sync_api import Page

from service.accounts import sign_in
from service.api.page_words import WORDS
from service.app import make_services
from tests.api.apps.conftest import ANA, BACK, BO, Maker, Verifier, approve, register
from tests.builders import Caller, make_person, make_tenant, services_of
from tests.clients.uppy.page import Browser

SCOPE = "profile notes:write visits:read.own media:read"
SIZES = [(360, 640), (1280, 800)]
SMALLEST, FAINTEST = 44, 4.5
"""Pixels of what is pressed, and contrast of text (WCAG 2.2)."""
PICTURES = os.environ.get("PICTURES")
MEASURED = """() => [...document.querySelectorAll('button, input:not([type=hidden]), a, summary')].map(one => {
  const {width, height} = one.getBoundingClientRect(); return [one.textContent.trim() || one.name, width, height]; })"""
CONTRAST = """() => {
  const light = (color) => { const [r, g, b] = color.match(/[\\d.]+/g).map((part) => part / 255)
    .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (one) => { const color = getComputedStyle(one).backgroundColor;
    return color === 'rgba(0, 0, 0, 0)' && one.parentElement ? behind(one.parentElement) : color === 'rgba(0, 0, 0, 0)' ? 'rgb(255, 255, 255)' : color; };
  return [...document.querySelectorAll('main *')].filter((one) => one.childElementCount === 0 && one.textContent.trim()).map((one) => {
    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
    return [one.textContent.trim(), (a + 0.05) / (b + 0.05)]; }); }"""


@pytest.fixture
def school_app(app: Flask, server: str) -> Iterator[Flask]:
    """The app at the address at which a browser reaches it."""
    before = services_of(app)
    services = make_services(replace(before.settings, public_url=server))
    services.serve(app)
    yield app
    before.serve(app)
    services.database.dispose()


@pytest.fixture
def tenant_id(school_app: Flask) -> UUID:
    services = services_of(school_app)
    tenant_id = make_tenant(services, f"riverbend-{uuid4().hex[:8]}")
    make_person(services, tenant_id, ANA, "teacher", display_name="Ana Ruiz")
    make_person(services, tenant_id, BO, "admin", display_name="Bo Lind")
    return tenant_id


@pytest.fixture
def maker(school_app: Flask, tenant_id: UUID) -> Maker:
    """An app that the school approved."""
    made = register(school_app, tenant_id)
    approve(school_app, tenant_id, made.client_id)
    return Maker(school_app, made.client_id, made.client_secret)


@pytest.fixture
def browser(chromium: str, tmp_path: Path) -> Iterator[Browser]:
    browser = Browser(chromium, tmp_path / "profile")
    yield browser
    browser.close()


@dataclass
class Asked:
    """A page of consent before a person who signed in there."""

    page: Page
    maker: Maker
    verifier: Verifier

    def click(self, name: str) -> dict[str, str]:
        """What the app reads in the address at which the browser ends."""
        with self.page.expect_request(f"{BACK}?**") as left:
            self.page.get_by_role("button", name=name, exact=True).click()
        return {name: values[0] for name, values in parse_qs(urlsplit(left.value.url).query).items()}


@pytest.fixture(params=[(size, language) for language in WORDS for size in SIZES], ids=str)
def asked(
    request: pytest.FixtureRequest, browser: Browser, maker: Maker, server: str, tenant_id: UUID
) -> Asked:
    (width, height), language = request.param
    verifier, services = Verifier(), services_of(maker.app)
    with services.database.begin(tenant_id) as connection:
        code = sign_in.make_code(connection, tenant_id, ANA, services.now())
    page = browser.open("about:blank")
    page.set_viewport_size({"width": width, "height": height})
    page.set_extra_http_headers({"Accept-Language": language})
    page.goto(f"{server}/oauth/authorize?{urlencode(maker.request(verifier, SCOPE))}")
    demand_readable(page)
    page.locator("#code").fill(code)
    page.get_by_role("button").click()
    page.wait_for_selector("button[value=yes]")
    return Asked(page, maker, verifier)


def demand_readable(page: Page) -> None:
    """Nothing to press is too small for a thumb, no text too faint, and nothing stands beside the screen."""
    small = [one for one in page.evaluate(MEASURED) if min(one[1:]) < SMALLEST]
    faint = [one for one in page.evaluate(CONTRAST) if one[1] < FAINTEST]
    beside = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (small, faint, beside) == ([], [], 0)


def test_an_app_is_let_in_by_clicking(asked: Asked, server: str) -> None:
    words = WORDS[asked.page.locator("html").get_attribute("lang") or ""]
    demand_readable(asked.page)
    if PICTURES:
        width = asked.page.viewport_size["width"]
        asked.page.screenshot(path=f"{PICTURES}-{words['agree']}-{width}.png", full_page=True)
    told = asked.click(words["agree"])
    assert told["state"] == "state-1"
    tokens = asked.maker.exchange(told["code"], asked.verifier)
    assert tokens.status_code == 200, tokens.text
    assert set(tokens.json["scope"].split()) == set(SCOPE.split())
    me = Caller(asked.maker.app.test_client(use_cookies=False), tokens.json["access_token"]).get("/v1/me")
    assert me.json["person"]["id"] == ANA


def test_an_app_is_kept_out_by_clicking(asked: Asked) -> None:
    words = WORDS[asked.page.locator("html").get_attribute("lang") or ""]
    assert asked.click(words["refuse"])["error"] == "access_denied"
