"""What a provider may not get past us: every claim of an ID token, and every word of its answer, is compared."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from service.accounts.oidc import identities
from service.accounts.oidc.id_token import Vouched
from tests.accounts.schools.conftest import ANA
from tests.accounts.schools.crooked import Crooked, crooked
from tests.accounts.schools.school import SECRET, Browser, Phone, add_provider, client_id_of
from tests.builders import services_of


@pytest.fixture(scope="module")
def provider() -> Iterator[Crooked]:
    with crooked() as provider:
        yield provider


@pytest.fixture
def phone(app: Flask, tenant_id: UUID, provider: Crooked) -> Phone:
    """Ana's, whose account at the provider is linked already."""
    provider.said, provider.pages = {}, {}
    services = services_of(app)
    provider_id = add_provider(app, tenant_id, provider.issuer)
    with services.database.begin(tenant_id) as connection:
        identities.link(connection, tenant_id, ANA, Vouched(provider.issuer, "ana-there"), services.now())
    return Phone(app, provider_id)


def asked_for(browser: Browser, phone: Phone) -> dict[str, str]:
    """What the provider is sent."""
    address = browser.to_school(phone.start())
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def answer(browser: Browser, phone: Phone, asked: dict[str, str], **more: str) -> dict[str, str]:
    said = {"state": asked["state"], "code": "a-code"} | more
    return browser.come_back(f"/v1/sign-in/oidc/{phone.provider_id}/callback?{urlencode(said)}")


def after(provider: Crooked, browser: Browser, phone: Phone, **claims: Any) -> dict[str, str]:
    """How a sign-in ends whose ID token says so; None takes a claim away."""
    asked = asked_for(browser, phone)
    said = provider.claims(asked["client_id"], asked["nonce"]) | claims
    provider.sign({name: value for name, value in said.items() if value is not None})
    return answer(browser, phone, asked)


def test_an_honest_token_opens(provider: Crooked, browser: Browser, phone: Phone) -> None:
    told = after(provider, browser, phone)
    assert phone.trade(told["code"]).json["person_id"] == ANA
    form = provider.forms[-1]
    assert set(form) == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert len(form["code_verifier"][0]) == 43


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of-another-sign-in"}, {"nonce": None}, {"aud": "another-app"}, {"aud": None},
        {"aud": ["another-app"]}, {"iss": "https://elsewhere.example"}, {"iss": None}, {"sub": None}, {"sub": ""},
        {"sub": "x" * 256}, {"sub": 7}, {"exp": int(time.time()) - 120}, {"exp": None}, {"exp": "never"},
        {"iat": int(time.time()) - 3600}, {"iat": int(time.time()) + 3600}, {"iat": None}, {"azp": "another-app"},
    ],
)  # fmt: skip
def test_a_token_with_a_wrong_claim_is_refused(
    provider: Crooked, browser: Browser, phone: Phone, claims: dict[str, Any]
) -> None:
    assert after(provider, browser, phone, **claims) == {"error": "sign-in-failed"}


def test_a_token_for_several_apps_must_say_which_asked(
    provider: Crooked, browser: Browser, phone: Phone, app: Flask
) -> None:
    ours = client_id_of(app, phone.provider_id)
    assert "error" in after(provider, browser, phone, aud=[ours, "another-app"])
    assert "code" in after(provider, browser, phone, aud=[ours, "another-app"], azp=ours)


def unsigned(claims: dict[str, Any], algorithm: str) -> str:
    parts = [json.dumps({"alg": algorithm}), json.dumps(claims)]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."


@pytest.mark.parametrize(
    "how", ["none", "None", "our secret", "another's key", "public key as secret", "garbage"]
)
def test_a_token_that_the_provider_did_not_sign_is_refused(
    provider: Crooked, browser: Browser, phone: Phone, how: str
) -> None:
    asked = asked_for(browser, phone)
    claims = provider.claims(asked["client_id"], asked["nonce"])
    if how == "our secret":
        provider.sign_with(OctKey.import_key(SECRET.ljust(32, "-")), "HS256", claims)
    elif how == "another's key":
        provider.sign_with(RSAKey.generate_key(2048), "RS256", claims)
    elif how == "public key as secret":
        provider.sign_with(OctKey.import_key(provider.key.as_pem(private=False)[27:90]), "HS256", claims)
    else:
        provider.token = "a.b.c" if how == "garbage" else unsigned(claims, how)
    assert answer(browser, phone, asked) == {"error": "sign-in-failed"}


def test_a_provider_that_turned_its_key_is_asked_for_it_anew(
    provider: Crooked, browser: Browser, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "code" in after(provider, browser, phone)
    monkeypatch.setattr("service.accounts.oidc.discovery.KEYS_ASKED_AGAIN", timedelta(0))
    asked = asked_for(browser, phone)
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    claims = provider.claims(asked["client_id"], asked["nonce"])
    provider.token = jwt.encode({"alg": "RS256", "kid": "two"}, claims, provider.key, ["RS256"])
    assert "code" in answer(browser, phone, asked)
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})


@pytest.mark.parametrize("said", [{"iss": "https://elsewhere.example"}, {"iss": ""}])
def test_an_answer_in_another_issuers_name_is_a_mix_up(
    provider: Crooked, browser: Browser, phone: Phone, said: dict[str, str]
) -> None:
    asked = asked_for(browser, phone)
    provider.sign(provider.claims(asked["client_id"], asked["nonce"]))
    before = len(provider.forms)
    assert answer(browser, phone, asked, **said) == {"error": "sign-in-failed"}
    assert len(provider.forms) == before, "the code was given away"


def test_who_always_names_itself_must(provider: Crooked, browser: Browser, phone: Phone) -> None:
    provider.said = {"authorization_response_iss_parameter_supported": True}
    asked = asked_for(browser, phone)
    provider.sign(provider.claims(asked["client_id"], asked["nonce"]))
    assert answer(browser, phone, asked) == {"error": "sign-in-failed"}
    asked = asked_for(browser, phone)
    provider.sign(provider.claims(asked["client_id"], asked["nonce"]))
    assert "code" in answer(browser, phone, asked, iss=provider.issuer)


def test_an_answer_of_another_provider_opens_nothing(
    provider: Crooked, browser: Browser, phone: Phone, app: Flask, tenant_id: UUID
) -> None:
    other = Phone(app, add_provider(app, tenant_id, provider.issuer))
    asked = asked_for(browser, phone)
    said = urlencode({"state": asked["state"], "code": "a-code"})
    wrong = browser.go(f"/v1/sign-in/oidc/{other.provider_id}/callback?{said}")
    assert (wrong.status_code, wrong.json["detail"]) == (
        401,
        "The answer came from another provider than was asked.",
    )


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://elsewhere.example"}, {"token_endpoint": "http://10.0.0.1/token"}, {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": "file:///etc/passwd"}, {"jwks_uri": 7},
    ],
)  # fmt: skip
def test_a_provider_that_describes_itself_wrongly_is_not_asked(
    provider: Crooked, browser: Browser, phone: Phone, said: dict[str, Any]
) -> None:
    provider.said = said
    answer = browser.go(phone.start())
    assert (answer.status_code, answer.json["type"]) == (502, "/problems/provider-away")


@pytest.mark.parametrize(
    "pages",
    [
        {"/jwks": {"keys": [7]}},
        {"/jwks": {}},
        {"/jwks": "no"},
        {"/jwks": {"keys": []}},
        {"/token": {}},
        {"/token": []},
    ],
)
def test_keys_and_answers_that_cannot_be_read_are_the_providers_fault(
    provider: Crooked, browser: Browser, phone: Phone, pages: dict[str, Any]
) -> None:
    asked = asked_for(browser, phone)
    provider.sign(provider.claims(asked["client_id"], asked["nonce"]))
    provider.pages = pages
    assert answer(browser, phone, asked) == {"error": "provider-away"}


def test_an_answer_that_is_too_large_is_not_read(provider: Crooked, browser: Browser, phone: Phone) -> None:
    provider.said = {"filling": secrets.token_hex(40_000)}
    assert browser.go(phone.start()).status_code == 502
