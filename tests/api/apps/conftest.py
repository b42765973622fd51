"""An app with its browser: what an app's maker and a person do, step by step, on the real service."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.accounts import sign_in
from service.accounts.apps import registry
from service.accounts.apps.registry import Registered, Wish
from service.accounts.apps.scopes import SCOPES
from service.app import create_app, make_services
from service.settings import Settings
from tests.accounts.conftest import Clock
from tests.builders import Caller, make_person, make_tenant, services_of
from tests.conftest import environment

ANA, BO = "person-ana", "person-bo"
ISSUER = "http://127.0.0.1:8080"
BACK = "https://lms.example/back"
ALL = ("profile", "notes:read", "notes:write", "visits:read.own", "visits:write", "people:read", "media:read")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def one_app() -> list[Flask]:
    """Describing itself takes an app longer than most tests: it is made once, and served by each test's services."""
    return []


@pytest.fixture(scope="module")
def settings(session_database_url: str, token_key: str) -> Settings:
    return Settings.from_environment(environment(session_database_url, token_key))


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
    tenant_id = make_tenant(services_of(app), f"north-{uuid4().hex[:8]}")
    make_person(services_of(app), tenant_id, ANA, "teacher", display_name="Ana Ruiz")
    make_person(services_of(app), tenant_id, BO, "admin", display_name="Bo Lind")
    return tenant_id


@dataclass
class Verifier:
    """PKCE's secret of one request."""

    text: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.text.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass
class Maker:
    """An app's maker: knows its id, perhaps its secret, and asks at the service's doors."""

    app: Flask
    client_id: str
    secret: str | None = None
    redirect_uri: str = BACK

    def request(self, verifier: Verifier, scope: str, /, **other: str | None) -> dict[str, str]:
        """The parameters with which it sends a person's browser here."""
        said: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": scope,
            "state": "state-1",
            "code_challenge": verifier.challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (said | other).items() if value is not None}

    def post(self, path: str, said: dict[str, str], **options: Any) -> TestResponse:
        """A form, as this app; with a wrong secret or another's name where `auth` says so."""
        auth = options.pop("auth", (self.client_id, self.secret) if self.secret else None)
        form = said if auth else {"client_id": self.client_id} | said
        client = self.app.test_client(use_cookies=False)
        return client.post(path, data=form, auth=auth, **options)

    def exchange(self, code: str, verifier: Verifier, /, **other: str | None) -> TestResponse:
        said: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier.text,
        }
        return self.post("/oauth/token", {n: v for n, v in (said | other).items() if v is not None})

    def refresh(self, token: str, **other: str) -> TestResponse:
        return self.post("/oauth/token", {"grant_type": "refresh_token", "refresh_token": token} | other)

    def caller(self, access_token: str) -> Caller:
        return Caller(self.app.test_client(use_cookies=False), access_token)


@dataclass
class Browser:
    """A person's browser, with its cookies. It sends the Origin of the page that it shows, and says that all was shown."""

    client: FlaskClient

    def get(self, path: str, said: dict[str, str] | None = None, **headers: str) -> TestResponse:
        return self.client.get(
            f"{path}?{urlencode(said or {})}", base_url=ISSUER.replace("http:", "https:"), headers=headers
        )

    def post(
        self, path: str, said: dict[str, str], form: dict[str, str], origin: str | None = ISSUER
    ) -> TestResponse:
        headers = {"Origin": origin} if origin else {}
        form = {"shown": " ".join(SCOPES), **form} if "said" in form else form
        where = f"{path}?{urlencode(said)}"
        return self.client.post(where, data=form, headers=headers, base_url=ISSUER.replace("http:", "https:"))


@pytest.fixture
def browser(app: Flask, tenant_id: UUID) -> Browser:
    """Ana's, signed in."""
    return signed_in(app, tenant_id, ANA)


def signed_in(app: Flask, tenant_id: UUID, person_id: str) -> Browser:
    with services_of(app).database.begin(tenant_id) as connection:
        code = sign_in.make_code(connection, tenant_id, person_id, services_of(app).now())
    browser = Browser(app.test_client())
    answer = browser.post("/oauth/sign-in", {"to": "device"}, {"code": code})
    assert answer.status_code == 303, answer.text
    return browser


def register(
    app: Flask, tenant_id: UUID | None, *scopes: str, public: bool = False, uris: tuple[str, ...] = (BACK,)
) -> Registered:
    wish = Wish("Lesson Box", uris, scopes or ALL, public)
    with services_of(app).database.begin_reference() as connection:
        return registry.register(connection, wish, tenant_id, services_of(app).now())


def approve(app: Flask, tenant_id: UUID, client_id: str, *scopes: str) -> None:
    with services_of(app).database.begin(tenant_id) as connection:
        registry.approve(connection, tenant_id, client_id, scopes or ALL, BO, services_of(app).now())


@pytest.fixture
def lms(app: Flask, tenant_id: UUID) -> Maker:
    """An app with a secret, approved."""
    made = register(app, tenant_id)
    approve(app, tenant_id, made.client_id)
    return Maker(app, made.client_id, made.client_secret)


@pytest.fixture
def mobile(app: Flask, tenant_id: UUID) -> Maker:
    """An app on people's phones, approved."""
    made = register(app, tenant_id, public=True, uris=("org.example.app:/back",))
    approve(app, tenant_id, made.client_id)
    return Maker(app, made.client_id, None, "org.example.app:/back")


def answered(response: TestResponse) -> dict[str, str]:
    """What the app reads in the address to which the browser was sent back."""
    assert response.status_code == 302, response.text
    return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}


def shown_on(page: TestResponse) -> str:
    """The scopes that the page says it showed."""
    found = re.search(r'name="shown" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


def agree(browser: Browser, maker: Maker, scope: str, verifier: Verifier, **other: str | None) -> str:
    """The code of a request to which the person agreed."""
    said = maker.request(verifier, scope, **other)
    shown = browser.get("/oauth/authorize", said)
    assert shown.status_code == 200, shown.text
    return answered(browser.post("/oauth/authorize", said, {"said": "yes"}))["code"]


def tokens(browser: Browser, maker: Maker, scope: str = "profile notes:read") -> dict[str, Any]:
    """The first tokens of an app to which the person agreed."""
    verifier = Verifier()
    response = maker.exchange(agree(browser, maker, scope, verifier), verifier)
    assert response.status_code == 200, response.text
    return dict(response.json or {})
