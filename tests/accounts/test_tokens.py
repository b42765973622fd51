"""Tokens that were not written by us, not for us, or too long ago open nothing."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from schemas.problems import Problem, Refused
from service.accounts.tokens import Claims, Refresh, Tokens
from service.settings import Settings
from tests.accounts.conftest import Clock

TENANT = UUID("11111111-1111-4111-8111-111111111111")
SESSION = UUID("22222222-2222-4222-8222-222222222222")
ANA = Claims(TENANT, SESSION, 3, "person-ana", "phone-of-ana")


def opened(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = token.split(".")
    return json.loads(base64.urlsafe_b64decode(header + "==")), json.loads(
        base64.urlsafe_b64decode(payload + "==")
    )


def refusal(tokens: Tokens, token: str) -> str:
    with pytest.raises(Refused) as refused:
        tokens.read_access(token)
    assert refused.value.problem is Problem.SIGN_IN_REQUIRED
    return refused.value.detail


def test_an_access_token_says_who_where_and_until_when(tokens: Tokens) -> None:
    header, claims = opened(tokens.write_access(ANA))
    assert header["alg"] == "ES256"
    assert header["typ"] == "at+jwt"
    assert len(claims.pop("jti")) == 36
    assert claims == {
        "iss": "http://127.0.0.1:8080",
        "aud": "comewatch",
        "sub": "person-ana",
        "tid": "11111111-1111-4111-8111-111111111111",
        "sid": "22222222-2222-4222-8222-222222222222",
        "gen": 3,
        "dev": "phone-of-ana",
        "iat": 1795253400,
        "exp": 1795254000,
    }


def test_an_access_token_is_read_back(tokens: Tokens) -> None:
    assert tokens.read_access(tokens.write_access(ANA)) == ANA


def test_an_access_token_lasts_ten_minutes(tokens: Tokens, clock: Clock) -> None:
    token = tokens.write_access(ANA)
    clock.forward(seconds=599)
    assert tokens.read_access(token) == ANA
    clock.forward(seconds=1)
    assert refusal(tokens, token) == "The access token has expired."


def test_a_token_from_the_future_is_refused(tokens: Tokens, clock: Clock) -> None:
    clock.forward(minutes=1)
    token = tokens.write_access(ANA)
    clock.forward(minutes=-1)
    assert refusal(tokens, token) == "The access token has expired."


def test_a_token_of_another_key_is_refused(tokens: Tokens, words: Settings, clock: Clock) -> None:
    stranger = ECKey.generate_key("P-256", private=True).as_pem(private=True).decode()
    token = Tokens(replace(words, token_key=stranger), clock).write_access(ANA)
    assert refusal(tokens, token) == "The access token is not one of ours."


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def forgeries(tokens: Tokens, words: Settings) -> dict[str, str]:
    good = tokens.write_access(ANA)
    header, payload, signature = good.split(".")
    none = encoded(b'{"alg":"none","typ":"at+jwt"}')
    other = encoded(json.dumps(opened(good)[1] | {"sub": "person-eva"}).encode())
    symmetric = encoded(b'{"alg":"HS256","typ":"at+jwt"}') + "." + payload
    public = ECKey.import_key(words.token_key).as_pem(private=False)
    return {
        "alg none": f"{none}.{payload}.",
        "alg none, signed": f"{none}.{payload}.{signature}",
        "another person": f"{header}.{other}.{signature}",
        "the public key as a secret": f"{symmetric}.{encoded(hmac.digest(public, symmetric.encode(), 'sha256'))}",
        "no signature": f"{header}.{payload}.",
        "nothing": "",
        "not a token": "ünsinn",
        "five parts": f"{good}.a.b",
    }


@pytest.mark.parametrize(
    "how",
    [
        "alg none",
        "alg none, signed",
        "another person",
        "the public key as a secret",
        "no signature",
        "nothing",
        "not a token",
        "five parts",
    ],
)
def test_a_forged_token_is_refused(tokens: Tokens, words: Settings, how: str) -> None:
    assert refusal(tokens, forgeries(tokens, words)[how]) == "The access token is not one of ours."


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "JWT"}, {}),
        ({}, {"iss": "https://elsewhere.example"}),
        ({}, {"aud": "another service"}),
        ({}, {"aud": None}),
        ({}, {"tid": None}),
        ({}, {"sid": ""}),
        ({}, {"dev": None}),
    ],
)
def test_a_token_of_ours_for_something_else_is_refused(
    tokens: Tokens, words: Settings, header: dict[str, str], claims: dict[str, Any]
) -> None:
    good_header, good = opened(tokens.write_access(ANA))
    key = ECKey.import_key(words.token_key)
    token = jwt.encode(good_header | header, good | claims, key, ["ES256"])
    assert refusal(tokens, token) == "The access token is not meant for this service."


def test_a_refresh_token_is_read_back_and_always_the_same(tokens: Tokens) -> None:
    refresh = Refresh(TENANT, SESSION, 7)
    token = tokens.write_refresh(refresh)
    assert token == tokens.write_refresh(refresh)
    assert len(token) == 95
    assert tokens.read_refresh(token) == refresh


def test_each_character_of_a_refresh_token_matters(tokens: Tokens) -> None:
    token = tokens.write_refresh(Refresh(TENANT, SESSION, 7))
    read = []
    for place in range(4, len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(Refused, match="not one of ours"):
            read.append(tokens.read_refresh(changed))
    assert read == []


@pytest.mark.parametrize("token", ["", "cwr_", "cwr_AAAA", "cwr_!", "cwr_ä", "bearer", "cwr_" + "A" * 10_000])
def test_what_is_no_refresh_token_is_refused(tokens: Tokens, token: str) -> None:
    with pytest.raises(Refused, match="not one of ours"):
        tokens.read_refresh(token)


def test_a_refresh_token_under_another_secret_is_refused(tokens: Tokens, words: Settings) -> None:
    other = Tokens(replace(words, secret_key=b"another secret of thirty-two bytes"))
    with pytest.raises(Refused, match="not one of ours"):
        tokens.read_refresh(other.write_refresh(Refresh(TENANT, SESSION, 7)))
