"""Signing in at a school's own provider, which is a real one; whose account it is, and what a thief tries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from service.accounts import directory
from service.accounts.models import session
from service.api.limits import Limits
from tests.accounts.schools.conftest import ANA, EVA, trusted
from tests.accounts.schools.school import Browser, Phone, School
from tests.builders import Caller, caller, make_person, make_tenant, services_of


@pytest.fixture
def ana_there(school: School) -> str:
    """Ana's account at the school, whose address the school has verified."""
    school.knows("ana-there", email="Ana@North.Example", email_verified=True)
    return "ana-there"


@pytest.fixture
def strict(app: Flask, tenant_id: UUID, school: School) -> Phone:
    """A phone with a provider that may not find people by their addresses."""
    return Phone(app, trusted(app, tenant_id, school, links=False))


@pytest.fixture
def another(app: Flask) -> Iterator[Browser]:
    """Somebody else's browser."""
    browser = Browser(app)
    yield browser
    browser.school.close()


def ways_in(who: Caller) -> list[str]:
    return [one["issuer"] for one in who.get("/v1/me/ways-in").json["identities"]]


def link(who: Caller, phone: Phone, code: str) -> TestResponse:
    return who.post("/v1/me/identities", {"code": code, "code_verifier": phone.verifier})


def not_valid(answer: TestResponse) -> bool:
    return (answer.status_code, answer.json["type"]) == (401, "/problems/code-not-valid")


def test_a_phone_is_signed_in_through_the_browser(ana_there: str, phone: Phone, browser: Browser) -> None:
    told = browser.all_the_way(phone, ana_there)
    assert set(told) == {"code"}
    answer = phone.trade(told["code"])
    assert (answer.status_code, answer.json["person_id"]) == (200, ANA), answer.text
    me = Caller(phone.app.test_client(use_cookies=False), answer.json["access_token"]).get("/v1/me")
    assert (me.json["person"]["id"], me.json["device_id"]) == (ANA, phone.device_id)


def test_an_account_is_known_by_its_subject_not_its_address(
    school: School, ana_there: str, phone: Phone, browser: Browser, another: Browser
) -> None:
    assert phone.trade(browser.all_the_way(phone, ana_there)["code"]).json["person_id"] == ANA
    # Ana's address is given to somebody else at the school; her own account gets another
    school.knows("ana-there", email="eva@north.example", email_verified=True)
    school.knows("newcomer", email="ana@north.example", email_verified=True)
    assert phone.trade(browser.all_the_way(phone, "ana-there")["code"]).json["person_id"] == ANA
    assert another.all_the_way(phone, "newcomer") == {"error": "identity-unknown"}


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ana@north.example"}, {"email": "ana@north.example", "email_verified": False},
        {"email": "ana@north.example", "email_verified": "true"}, {"email": "nobody@north.example", "email_verified": True},
        {"email": "sam@south.example", "email_verified": True}, {"email": "not an address", "email_verified": True}, {},
    ],
)  # fmt: skip
def test_an_address_that_is_not_proved_or_not_the_schools_opens_nothing(
    app: Flask, school: School, phone: Phone, browser: Browser, claims: dict[str, object]
) -> None:
    services = services_of(app)
    south = make_tenant(services, "south")
    make_person(services, south, "person-sam")
    with services.database.begin_reference() as connection:
        directory.add_address(connection, "sam@south.example", south, "person-sam", services.now())
    school.knows("somebody", **claims)
    assert browser.all_the_way(phone, "somebody") == {"error": "identity-unknown"}


def test_a_provider_that_may_not_look_by_addresses_does_not(
    ana_there: str, strict: Phone, browser: Browser
) -> None:
    assert browser.all_the_way(strict, ana_there) == {"error": "identity-unknown"}


def test_an_account_is_added_by_who_is_signed_in(
    app: Flask, tenant_id: UUID, ana_there: str, strict: Phone, browser: Browser
) -> None:
    ana = caller(app, tenant_id, ANA, strict.device_id)
    code = browser.all_the_way(strict, ana_there, linking="true")["code"]
    answer = link(ana, strict, code)
    assert (answer.status_code, len(ways_in(ana))) == (201, 1), answer.text
    assert not_valid(link(ana, strict, code))
    signed_in = strict.trade(browser.all_the_way(strict, ana_there)["code"])
    assert signed_in.json["person_id"] == ANA
    ana = Caller(ana.client, signed_in.json["access_token"])
    assert ana.delete(f"/v1/me/identities/{answer.json['id']}").status_code == 204
    assert browser.all_the_way(strict, ana_there) == {"error": "identity-unknown"}


def test_an_account_is_one_persons_alone(
    app: Flask, tenant_id: UUID, ana_there: str, phone: Phone, browser: Browser
) -> None:
    browser.all_the_way(phone, ana_there)
    eva = caller(app, tenant_id, EVA, phone.device_id)
    answer = link(eva, phone, browser.all_the_way(phone, ana_there, linking="true")["code"])
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/identity-taken")
    ana = caller(app, tenant_id, ANA)
    (hers,) = ana.get("/v1/me/ways-in").json["identities"]
    assert eva.delete(f"/v1/me/identities/{hers['id']}").status_code == 404
    assert len(ways_in(ana)) == 1


def test_a_code_for_one_thing_does_no_other(
    app: Flask, tenant_id: UUID, ana_there: str, phone: Phone, browser: Browser
) -> None:
    assert not_valid(phone.trade(browser.all_the_way(phone, ana_there, linking="true")["code"]))
    ana = caller(app, tenant_id, ANA, phone.device_id)
    assert not_valid(link(ana, phone, browser.all_the_way(phone, ana_there)["code"]))


def test_an_account_is_not_added_long_after_the_sign_in(
    app: Flask, tenant_id: UUID, ana_there: str, phone: Phone, browser: Browser
) -> None:
    ana = caller(app, tenant_id, ANA, phone.device_id)
    code = browser.all_the_way(phone, ana_there, linking="true")["code"]
    with services_of(app).database.begin(tenant_id) as connection:
        earlier = session.c.created_at - timedelta(minutes=16)
        connection.execute(update(session).where(session.c.tenant_id == tenant_id).values(created_at=earlier))
    answer = link(ana, phone, code)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/recent-sign-in-required")


def test_what_came_to_another_tenant_is_not_added_here(
    app: Flask, tenant_id: UUID, ana_there: str, phone: Phone, browser: Browser
) -> None:
    services = services_of(app)
    south = make_tenant(services, "south")
    stranger = caller(app, south, make_person(services, south, "person-sam"), phone.device_id)
    assert not_valid(link(stranger, phone, browser.all_the_way(phone, ana_there, linking="true")["code"]))


def test_a_code_is_traded_once_and_by_the_phone_that_began(
    ana_there: str, phone: Phone, browser: Browser
) -> None:
    for wrong in ({"device_id": "phone-of-eva"}, {"code_verifier": "x" * 43}, {"code": "x" * 43}):
        assert not_valid(phone.trade(browser.all_the_way(phone, ana_there)["code"], **wrong))
    code = browser.all_the_way(phone, ana_there)["code"]
    assert not_valid(phone.trade(code, code_verifier="x" * 43))
    assert not_valid(phone.trade(code)), "a code that was shown wrongly is spent"
    code = browser.all_the_way(phone, ana_there)["code"]
    assert phone.trade(code).status_code == 200
    assert not_valid(phone.trade(code))


def test_an_answer_is_taken_once_and_from_the_browser_that_was_sent(
    ana_there: str, phone: Phone, browser: Browser, another: Browser
) -> None:
    callback = browser.sign_in_there(browser.to_school(phone.start()), ana_there)
    for thief in (another, browser):  # the second is Ana's, after a thief has spoilt it
        answer = thief.go(callback)
        assert (answer.status_code, answer.json["type"]) == (401, "/problems/sign-in-failed")
    callback = browser.sign_in_there(browser.to_school(phone.start()), ana_there)
    assert "code" in browser.come_back(callback)
    assert browser.go(callback).status_code == 401


def test_a_code_of_the_schools_in_another_sign_in_is_refused(
    ana_there: str, phone: Phone, browser: Browser, another: Browser
) -> None:
    """A thief's own answer with the code that was meant for Ana: PKCE ties it to her sign-in."""
    hers = browser.sign_in_there(browser.to_school(phone.start()), ana_there)
    thiefs = another.sign_in_there(another.to_school(phone.start()), ana_there)
    stolen = dict(part.split("=", 1) for part in hers.partition("?")[2].split("&"))["code"]
    own = dict(part.split("=", 1) for part in thiefs.partition("?")[2].split("&"))
    mixed = "&".join(f"{name}={value}" for name, value in (own | {"code": stolen}).items())
    assert another.come_back(f"{thiefs.partition('?')[0]}?{mixed}") == {"error": "sign-in-failed"}


def test_who_declines_at_the_school_is_back_in_the_app(phone: Phone, browser: Browser) -> None:
    state = parse_qs(urlsplit(browser.to_school(phone.start())).query)["state"][0]
    path = f"/v1/sign-in/oidc/{phone.provider_id}/callback?error=access_denied&state={state}"
    assert browser.come_back(path) == {"error": "sign-in-failed"}


def test_an_app_without_an_address_gets_its_code_from_a_page(
    ana_there: str, phone: Phone, browser: Browser
) -> None:
    start = phone.start().replace("return_to=comewatch%3A%2F%2Fsigned-in&", "")
    page = browser.go(browser.sign_in_there(browser.to_school(start), ana_there))
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert page.headers["Cache-Control"] == "no-store"
    code = page.text.partition("<code>")[2].partition("</code>")[0]
    assert phone.trade(code).status_code == 200


def test_a_browser_ends_at_no_address_that_is_not_an_apps(phone: Phone, browser: Browser) -> None:
    answer = browser.go(phone.start(return_to="https://evil.example/"))
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["?return_to"])


def test_whose_provider_it_is_is_told_by_the_domain_alone(app: Flask, phone: Phone) -> None:
    nobody = Caller(app.test_client(use_cookies=False))
    known, unknown = (
        nobody.post("/v1/sign-in/providers", {"address": f"{name}@north.example"})
        for name in ("ana", "nobody")
    )
    assert known.data == unknown.data
    assert known.json == {"items": [{"id": str(phone.provider_id), "name": "North High"}]}
    assert nobody.post("/v1/sign-in/providers", {"address": "ana@south.example"}).json == {"items": []}
    assert nobody.post("/v1/sign-in/providers", {"address": "nonsense"}).status_code == 422


def test_one_account_is_slowed_down_and_no_other(
    school: School, ana_there: str, phone: Phone, browser: Browser, another: Browser
) -> None:
    school.knows("eva-there", email="eva@north.example", email_verified=True)
    services = services_of(phone.app)
    limits = Limits(replace(services.settings, rate_limit_account=2), services.now)
    replace(services, limits=limits).serve(phone.app)
    told = [browser.all_the_way(phone, ana_there) for _ in range(3)]
    assert [set(one) for one in told] == [{"code"}, {"code"}, {"error"}]
    assert told[2] == {"error": "rate-limited"}
    assert set(another.all_the_way(phone, "eva-there")) == {"code"}
