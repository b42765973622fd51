"""Who asks too much is told to wait, by person, tenant, address and account; nothing that she sent is lost by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask

from service.accounts import sign_in
from service.accounts.tokens import Claims
from service.api.glance import PULL
from service.api.limits import Limits
from service.api.terms import terms_of
from service.app import make_services
from service.settings import Settings
from sync.client import Client, Unreachable
from tests.api.conftest import HANA, OLGA, PETRA
from tests.api.test_hard_input import filled
from tests.builders import Caller, caller, make_person, make_tenant, services_of
from tests.phones import AppNetwork, Tunnel, VirtualClock, surroundings

SIGN_IN = "/v1/sign-in/code"
Limited = Callable[..., Flask]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def limited(app: Flask, settings: Settings, clock: VirtualClock) -> Iterator[Limited]:
    """`limited(rate_limit_person=3)`: the app with these limits, its minutes those of `clock`."""
    before, made = services_of(app), []

    def serve(**limits: Any) -> Flask:
        made.append(make_services(replace(settings, **limits), clock.now))
        made[-1].serve(app)
        return app

    yield serve
    before.serve(app)
    for services in made:
        services.database.dispose()


def statuses(who: Caller, times: int, path: str = "/v1/people") -> list[int]:
    return [who.get(path).status_code for _ in range(times)]


def test_a_person_over_all_her_devices(limited: Limited, tenant_id: UUID, clock: VirtualClock) -> None:
    app = limited(rate_limit_person=5)
    phone, tablet = caller(app, tenant_id, HANA), caller(app, tenant_id, HANA, "tablet-of-hana")
    assert statuses(phone, 3) + statuses(tablet, 3) == [200] * 5 + [429]
    assert statuses(caller(app, tenant_id, OLGA), 1) == [200]
    refused = phone.get("/v1/people")
    wait = int(refused.headers["Retry-After"])
    assert (refused.json["type"], 0 < wait <= 60) == ("/problems/rate-limited", True)
    clock.sleep(wait - 1)
    assert statuses(phone, 1) == [429]
    clock.sleep(1)
    assert statuses(phone, 5) == [200] * 5


def test_every_answer_says_what_is_left(limited: Limited, tenant_id: UUID) -> None:
    hana = caller(limited(rate_limit_person=2), tenant_id, HANA)
    answers = [hana.get(path) for path in ("/v1/people", "/v1/people/nobody-here", "/v1/people")]
    assert [answer.status_code for answer in answers] == [200, 404, 429]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"person";q=2;w=60'}
    left = [answer.headers["RateLimit"].rpartition(";t=")[0] for answer in answers]
    assert left == ['"person";r=1', '"person";r=0', '"person";r=0']


def test_a_tenant(limited: Limited, tenant_id: UUID) -> None:
    app = limited(rate_limit_tenant=4)
    people = [caller(app, tenant_id, person) for person in (HANA, OLGA, PETRA)]
    assert [status for who in people for status in statuses(who, 2)] == [200] * 4 + [429] * 2
    refused = people[0].get("/v1/people")
    assert refused.headers["RateLimit"].startswith('"tenant";r=0;t=')
    services = services_of(app)
    elsewhere = make_tenant(services, f"south-{uuid4().hex[:8]}")
    assert statuses(caller(app, elsewhere, make_person(services, elsewhere, HANA)), 1) == [200]


def test_an_app_over_all_its_people(app: Flask, settings: Settings, clock: VirtualClock) -> None:
    limits = Limits(replace(settings, rate_limit_app=2), clock.now)
    tenant_id, elsewhere = uuid4(), uuid4()

    def used_up(tenant: UUID, person: str, client: str | None) -> bool:
        claims = Claims(tenant, uuid4(), 1, person, "phone", client_id=client)
        allowance = limits.of({}, claims)
        assert allowance is not None
        return allowance.is_used_up

    assert [used_up(tenant_id, person, "planner") for person in (HANA, OLGA, PETRA)] == [False, False, True]
    assert [used_up(tenant_id, HANA, client) for client in (None, "calendar")] == [False, False]
    assert not used_up(elsewhere, HANA, "planner")


def test_an_address_counts_for_whoever_is_not_signed_in(limited: Limited, tenant_id: UUID) -> None:
    app = limited(rate_limit_address=3)
    nobody = Caller(app.test_client(use_cookies=False))
    liar = Caller(app.test_client(use_cookies=False), "no.such.token")
    assert statuses(nobody, 2, "/problems") + statuses(liar, 2) == [200, 200, 401, 429]
    assert statuses(caller(app, tenant_id, HANA), 4) == [200] * 4
    elsewhere = nobody.get("/problems", environ_base={"REMOTE_ADDR": "192.0.2.9"})
    assert elsewhere.status_code == 200


def test_a_sign_in_door_is_tighter_by_address(limited: Limited) -> None:
    nobody = Caller(limited(rate_limit_sign_in=2).test_client(use_cookies=False))
    tries = [nobody.post(SIGN_IN, trial(f"{number:028}")) for number in range(3)]
    assert [answer.status_code for answer in tries] == [401, 401, 429]
    assert tries[2].headers["RateLimit-Policy"].startswith('"sign-in";q=2')
    assert statuses(nobody, 1, "/problems") == [200]


def test_a_sign_in_door_is_tighter_by_account_from_anywhere(limited: Limited) -> None:
    nobody = Caller(limited(rate_limit_account=2).test_client(use_cookies=False))
    tries = [
        nobody.post(SIGN_IN, trial("x" * 28), environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
        for number in range(3)
    ]
    assert [answer.status_code for answer in tries] == [401, 401, 429]
    assert int(tries[2].headers["Retry-After"]) > 0
    assert nobody.post(SIGN_IN, trial("y" * 28)).status_code == 401


SIGN_IN_DOORS = {
    "/oauth/authorize",
    "/oauth/device",
    "/oauth/device_authorization",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/sign-in",
    "/oauth/sign-out",
    "/oauth/token",
    "/v1/sign-in/code",
    "/v1/sign-in/link",
    "/v1/sign-in/link/open",
    "/v1/sign-in/oidc",
    "/v1/sign-in/oidc/<uuid:provider_id>/callback",
    "/v1/sign-in/oidc/<uuid:provider_id>/start",
    "/v1/sign-in/passkey",
    "/v1/sign-in/passkey/options",
    "/v1/sign-in/providers",
}


def test_every_door_at_which_one_signs_in_is_tight(limited: Limited) -> None:
    app = limited(rate_limit_sign_in=1)
    rules = [rule for rule in app.url_map.iter_rules() if is_sign_in(app, rule.endpoint)]
    assert {rule.rule for rule in rules} == SIGN_IN_DOORS
    tight = [("POST" if "POST" in (rule.methods or ()) else "GET", rule.rule) for rule in rules]
    for number, (method, rule) in enumerate(tight):
        nobody = Caller(app.test_client(use_cookies=False))
        here = {"environ_base": {"REMOTE_ADDR": f"192.0.2.{number}"}}
        first, second = (nobody.call(method, filled(rule), **here) for _ in range(2))
        assert (first.status_code == 429, second.status_code) == (False, 429), (method, rule)
        assert second.headers["RateLimit-Policy"].startswith('"sign-in";q=1')


def is_sign_in(app: Flask, endpoint: str) -> bool:
    terms = terms_of(app.view_functions[endpoint])
    return terms is not None and terms.sign_in


OURS = {"Origin": "http://127.0.0.1:8080"}
ACCOUNTS: dict[str, dict[str, Any]] = {
    "/v1/sign-in/oidc": {"json": {"code": "x" * 43, "code_verifier": "y" * 43, "device_id": "phone-of-hana"}},
    "/v1/sign-in/link": {
        "json": {
            "address": "hana@school.example",
            "code_challenge": "y" * 43,
            "device_id": "phone-of-hana",
            "device_name": "x",
        }
    },
    "/v1/sign-in/link/open": {
        "json": {"token": "x" * 43, "code_verifier": "y" * 43, "device_id": "phone-of-hana"}
    },
    "/oauth/sign-in": {"data": {"code": "x" * 28}, "headers": OURS},
    "/oauth/token": {"data": {"grant_type": "authorization_code", "code": "x" * 43}},
}


@pytest.mark.parametrize("door", ACCOUNTS)
def test_whoever_tries_a_secret_at_any_door_is_slowed_down_from_anywhere(limited: Limited, door: str) -> None:
    nobody = Caller(limited(rate_limit_account=2).test_client(use_cookies=False))
    tries = [
        nobody.call("POST", door, **ACCOUNTS[door], environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
        for number in range(3)
    ]
    assert [answer.status_code == 429 for answer in tries] == [False, False, True], [it.text for it in tries]
    assert int(tries[2].headers["Retry-After"]) > 0


def test_an_address_is_one_account_however_it_is_written(limited: Limited) -> None:
    nobody = Caller(limited(rate_limit_account=2).test_client(use_cookies=False))
    device = {"device_id": "phone-of-hana", "device_name": "x", "code_challenge": "y" * 43}
    written = ("Hana@north.example", " hana@north.example", "hana@north.example\t ")
    tries = [nobody.post("/v1/sign-in/link", device | {"address": address}) for address in written]
    assert [answer.status_code for answer in tries] == [204, 204, 429]


def trial(code: str) -> dict[str, str]:
    return {"code": code, "device_id": "phone-of-hana", "device_name": "x"}


def test_no_limit_is_none(limited: Limited, tenant_id: UUID) -> None:
    hana = caller(limited(rate_limit_person=0, rate_limit_tenant=0), tenant_id, HANA)
    answer = hana.get("/v1/people")
    assert (answer.status_code, "RateLimit" in answer.headers) == (200, False)


def test_a_phone_with_nothing_new_is_counted_too(
    limited: Limited, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In front of Flask, once; and where it goes on to Flask, still once."""
    hana = caller(limited(rate_limit_person=5), tenant_id, HANA)
    first = hana.post(PULL, {})
    hana.post(PULL, {"cursor": first.json["cursor"]})
    monkeypatch.setattr("service.api.guard.guard", pytest.fail)  # nothing more gets so far
    asked = {"cursor": first.json["cursor"]}
    left = [hana.post(PULL, asked).headers["RateLimit"].split(";")[1] for _ in range(2)]
    monkeypatch.undo()
    assert left == ["r=2", "r=1"]
    assert [hana.post(PULL, asked).status_code for _ in range(2)] == [200, 429]


class Phone:
    """Olga's phone: the real client, whose minutes are the server's."""

    def __init__(self, app: Flask, directory: Path, clock: VirtualClock) -> None:
        self.network, self.directory, self.clock = Tunnel(AppNetwork(app)), directory, clock

    def open(self, attempts: int = 5) -> Client:
        """The phone, so patient."""
        around = surroundings(Random(1), self.clock)
        options = {"batch": 20, "page": 50, "attempts": attempts, "durable": False}
        return Client(self.directory, network=self.network, surroundings=around, **options)


@pytest.fixture
def phone(limited: Limited, tenant_id: UUID, visit_id: str, tmp_path: Path, clock: VirtualClock) -> Phone:
    app = limited(rate_limit_person=6)
    services = services_of(app)
    with services.database.begin(tenant_id) as connection:
        code = sign_in.make_code(connection, tenant_id, OLGA, clock.now())
    phone = Phone(app, tmp_path / "olga", clock)
    with phone.open() as olga:
        olga.sign_in(code)
        olga.sync()
    return phone


def write(olga: Client, visit_id: str, many: int) -> set[str]:
    said = {"visit_id": visit_id, "note_kind": "noticing", "text": "Four tables argue."}
    return {olga.put("notes", None, said) for _ in range(many)}


def test_a_phone_that_is_told_to_wait_waits_and_loses_nothing(
    phone: Phone, visit_id: str, clock: VirtualClock
) -> None:
    with phone.open() as olga:
        written = write(olga, visit_id, 400)
        phone.network.requests.clear()
        report = olga.sync()
        assert (report.applied, report.pending) == (400, 0)
        assert {note["id"] for note in olga.list("notes")} == written
        assert all(one.equal for one in olga.digest_check())
    pushes = [request for request in phone.network.requests if request.path.endswith("/push")]
    assert len(pushes) > 400 / 20  # what was told to wait came again
    assert max(clock.pauses) > 10


def test_a_phone_without_patience_keeps_its_outbox(phone: Phone, visit_id: str, clock: VirtualClock) -> None:
    with phone.open(attempts=1) as olga:
        written = write(olga, visit_id, 400)
        with pytest.raises(Unreachable, match="asks to wait") as told:
            olga.sync()
        kept = olga.pending()
        assert 0 < kept < 400
        assert told.value.retry_after
    clock.sleep(told.value.retry_after)
    with phone.open() as olga:
        report = olga.sync()
        assert (report.applied, report.pending) == (kept, 0)
        assert {note["id"] for note in olga.list("notes")} == written
