"""Passkeys over HTTP, with an authenticator in software: made, used, named, removed, and what a thief tries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import webauthn
from flask import Flask
from werkzeug.test import TestResponse

from service.accounts import passkeys
from service.api.limits import Limits
from service.settings import Settings
from tests.accounts.authenticator import PRESENT, Authenticator
from tests.accounts.conftest import Clock
from tests.accounts.test_over_http import ANA, EVA, PHONE, app, one_app, tenant_id
from tests.builders import Caller, caller, services_of

__all__ = ["app", "one_app", "tenant_id"]


@pytest.fixture
def ana(app: Flask, tenant_id: UUID) -> Caller:
    return caller(app, tenant_id, ANA)


@pytest.fixture
def nobody(app: Flask) -> Caller:
    return Caller(app.test_client(use_cookies=False))


def add(who: Caller, key: Authenticator, name: str = "Ana's phone") -> TestResponse:
    options = who.post("/v1/me/passkeys/options").json
    return who.post("/v1/me/passkeys", {"name": name, "credential": key.create(options)})


def challenge(nobody: Caller) -> dict[str, Any]:
    answer = nobody.post("/v1/sign-in/passkey/options")
    assert answer.status_code == 200
    return dict(answer.json)


def show(nobody: Caller, credential: dict[str, Any]) -> TestResponse:
    return nobody.post("/v1/sign-in/passkey", {"credential": credential} | PHONE)


def come_in(nobody: Caller, key: Authenticator) -> TestResponse:
    return show(nobody, key.get(challenge(nobody)))


def failed(answer: TestResponse) -> bool:
    return (answer.status_code, answer.json["type"]) == (401, "/problems/sign-in-failed")


@pytest.fixture
def key(ana: Caller) -> Authenticator:
    """Ana's."""
    key = Authenticator(count=3)
    assert add(ana, key).status_code == 201
    key.count += 1
    return key


def test_a_passkey_is_made_listed_used_named_and_removed(ana: Caller, nobody: Caller, clock: Clock) -> None:
    key = Authenticator()
    options = ana.post("/v1/me/passkeys/options").json["publicKey"]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert ANA not in str(options)
    made = add(ana, key)
    assert (made.status_code, made.json["name"]) == (201, "Ana's phone")
    clock.forward(minutes=1)
    answer = come_in(nobody, key)
    assert (answer.status_code, answer.json["person_id"]) == (200, ANA)
    path = f"/v1/me/passkeys/{made.json['id']}"
    assert ana.patch(path, {"name": "The blue phone"}).status_code == 204
    (one,) = ana.get("/v1/me/ways-in").json["passkeys"]
    assert (one["name"], one["last_used_at"]) == ("The blue phone", "2026-11-21T09:31:00.000Z")
    assert one["went_back_at"] is None
    add(ana, Authenticator())
    assert ana.delete(path).status_code == 204
    assert failed(come_in(nobody, key))


def test_the_last_way_in_stays(ana: Caller, nobody: Caller, key: Authenticator) -> None:
    (one,) = ana.get("/v1/me/ways-in").json["passkeys"]
    answer = ana.delete(f"/v1/me/passkeys/{one['id']}")
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/last-way-in")
    assert come_in(nobody, key).status_code == 200


def test_an_unlocked_phone_does_not_suffice_to_change_the_ways_in(
    ana: Caller, clock: Clock, app: Flask
) -> None:
    options = ana.post("/v1/me/passkeys/options").json
    tokens = services_of(app).tokens
    claims = tokens.read_access(ana.token)
    clock.forward(minutes=16)
    late = Caller(ana.client, tokens.write_access(claims))  # renewed, as a phone does by itself
    for answer in (
        late.post("/v1/me/passkeys/options"),
        late.post("/v1/me/passkeys", {"name": "x", "credential": Authenticator().create(options)}),
        late.delete("/v1/me/passkeys/anything"),
    ):
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/recent-sign-in-required")


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://evil.example"}, {"origin": "http://127.0.0.1:8081"}, {"host": "evil.example"},
        {"flags": PRESENT}, {"flags": 4}, {"handle": b"another's"}, {"more": {"crossOrigin": True}},
        {"more": {"type": "webauthn.create"}},
    ],
)  # fmt: skip
def test_an_answer_of_another_place_or_person_is_refused(
    nobody: Caller, key: Authenticator, changed: dict[str, Any]
) -> None:
    before = dict(vars(key))
    vars(key).update(changed)
    assert failed(come_in(nobody, key))
    vars(key).update(before)
    assert come_in(nobody, key).status_code == 200


@pytest.mark.parametrize(
    "changed", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"flags": PRESENT}]
)
def test_a_passkey_of_another_place_is_not_kept(ana: Caller, changed: dict[str, Any]) -> None:
    key = Authenticator()
    vars(key).update(changed)
    assert failed(add(ana, key))
    assert ana.get("/v1/me/ways-in").json["passkeys"] == []


def test_a_challenge_is_answered_once(nobody: Caller, key: Authenticator) -> None:
    options = challenge(nobody)
    assert show(nobody, key.get(options)).status_code == 200
    key.count += 1
    assert failed(show(nobody, key.get(options)))


def test_a_challenge_that_was_answered_wrongly_is_spent(nobody: Caller, key: Authenticator) -> None:
    options = challenge(nobody)
    assert failed(show(nobody, Authenticator().get(options)))
    assert failed(show(nobody, key.get(options)))


def test_a_challenge_lasts_five_minutes(nobody: Caller, key: Authenticator, clock: Clock) -> None:
    options = challenge(nobody)
    clock.forward(minutes=5, seconds=1)
    assert failed(show(nobody, key.get(options)))


def test_a_challenge_for_one_thing_opens_no_other(ana: Caller, nobody: Caller, key: Authenticator) -> None:
    assert failed(show(nobody, key.get(ana.post("/v1/me/passkeys/options").json)))
    options = challenge(nobody) | {}
    options["publicKey"]["user"] = {"id": ""}
    assert failed(ana.post("/v1/me/passkeys", {"name": "x", "credential": Authenticator().create(options)}))


def test_anothers_challenge_makes_no_passkey(app: Flask, tenant_id: UUID, ana: Caller) -> None:
    eva = caller(app, tenant_id, EVA)
    options = ana.post("/v1/me/passkeys/options").json
    assert failed(eva.post("/v1/me/passkeys", {"name": "x", "credential": Authenticator().create(options)}))


def test_a_signature_by_another_key_is_refused(nobody: Caller, key: Authenticator) -> None:
    thief = Authenticator(id=key.id, handle=key.handle, count=9)
    assert failed(come_in(nobody, thief))


def test_a_passkey_that_is_removed_while_it_is_shown_opens_nothing(
    app: Flask,
    tenant_id: UUID,
    ana: Caller,
    nobody: Caller,
    key: Authenticator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verify = webauthn.verify_authentication_response

    def verify_slowly(**said: Any) -> Any:
        seen = verify(**said)
        with services_of(app).database.begin(tenant_id) as connection:
            (one,) = passkeys.of_person(connection, tenant_id, ANA)
            assert passkeys.remove(connection, tenant_id, ANA, one.id)
        return seen

    monkeypatch.setattr(webauthn, "verify_authentication_response", verify_slowly)
    assert failed(come_in(nobody, key))


def test_a_counter_that_goes_back_is_noted(ana: Caller, nobody: Caller, key: Authenticator) -> None:
    key.count = 2
    assert come_in(nobody, key).status_code == 200
    (one,) = ana.get("/v1/me/ways-in").json["passkeys"]
    assert one["went_back_at"] == "2026-11-21T09:30:00.000Z"


def test_a_passkey_is_its_owners_alone(app: Flask, tenant_id: UUID, ana: Caller, key: Authenticator) -> None:
    eva = caller(app, tenant_id, EVA)
    (one,) = ana.get("/v1/me/ways-in").json["passkeys"]
    there, absent = (f"/v1/me/passkeys/{named}" for named in (one["id"], "nothing"))
    for act in (eva.delete, lambda path: eva.patch(path, {"name": "x"})):
        assert (act(there).status_code, act(there).data) == (404, act(absent).data)
    assert failed(add(eva, key))


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"clientDataJSON": 7},
        {"clientDataJSON": "!"},
        {"clientDataJSON": "e30"},
        {"clientDataJSON": "W10"},
        {"clientDataJSON": None},
    ],
)
def test_what_is_no_credential_is_refused(ana: Caller, nobody: Caller, response: dict[str, Any]) -> None:
    credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response}
    assert failed(show(nobody, credential))
    assert failed(ana.post("/v1/me/passkeys", {"name": "x", "credential": credential}))


def test_what_is_half_a_credential_is_refused(ana: Caller, nobody: Caller, key: Authenticator) -> None:
    for name in ("authenticatorData", "signature"):
        for wrong in (None, 7, "", "!!", "AAAA"):
            credential = key.get(challenge(nobody))
            credential["response"][name] = wrong
            assert failed(show(nobody, credential)), (name, wrong)
    for wrong in (None, 7, "", "!!", "AAAA", "oWNmbXRkbm9uZQ"):
        credential = Authenticator().create(ana.post("/v1/me/passkeys/options").json)
        credential["response"]["attestationObject"] = wrong
        assert failed(ana.post("/v1/me/passkeys", {"name": "x", "credential": credential})), wrong


@pytest.fixture
def twice_a_minute(app: Flask, settings: Settings, clock: Clock) -> None:
    """Two sign-ins a minute to an account."""
    limits = Limits(replace(settings, rate_limit_account=2), clock)
    replace(services_of(app), limits=limits).serve(app)


@pytest.mark.usefixtures("twice_a_minute")
def test_one_account_is_slowed_down_from_anywhere(
    ana: Caller, nobody: Caller, key: Authenticator, clock: Clock
) -> None:
    other = Authenticator(count=1)
    assert add(ana, other).status_code == 201
    answers = [come_in(nobody, one) for one in (key, other, key)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json["type"] == "/problems/rate-limited"
    clock.forward(minutes=1)
    assert come_in(nobody, key).status_code == 200


@pytest.mark.usefixtures("twice_a_minute")
def test_whoever_only_knows_a_passkey_locks_nobody_out(nobody: Caller, key: Authenticator) -> None:
    stranger = Authenticator(id=key.id, handle=key.handle)
    assert all(failed(come_in(nobody, stranger)) for _ in range(4))
    assert come_in(nobody, key).status_code == 200
