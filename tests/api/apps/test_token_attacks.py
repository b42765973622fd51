"""What can be tried at the doors of apps: with others' codes, names, secrets and tokens, too late, or twice."""

from __future__ import annotations

import base64
import threading
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.accounts.models import session
from tests.accounts.conftest import Clock
from tests.api.apps.conftest import (
    ANA,
    Browser,
    Maker,
    Verifier,
    agree,
    approve,
    register,
    tokens,
)
from tests.builders import services_of, sign_in

EXCHANGES: dict[str, tuple[dict[str, str | None], str]] = {
    "the wrong proof": ({"code_verifier": "w" * 64}, "invalid_grant"),
    "no proof": ({"code_verifier": None}, "invalid_request"),
    "a proof that is too short": ({"code_verifier": "short"}, "invalid_request"),
    "another address": ({"redirect_uri": "https://evil.example/back"}, "invalid_grant"),
    "an address with a suffix": ({"redirect_uri": "https://lms.example/back/"}, "invalid_grant"),
    "no address": ({"redirect_uri": None}, "invalid_grant"),
    "no code": ({"code": None}, "invalid_request"),
    "a code of nobody": ({"code": "cwc_nonsense"}, "invalid_grant"),
    "another way": ({"grant_type": "password"}, "unsupported_grant_type"),
    "no way": ({"grant_type": None}, "unsupported_grant_type"),
    "an implicit way": ({"grant_type": "implicit"}, "unsupported_grant_type"),
}


def error(response: TestResponse) -> str:
    assert response.status_code in (400, 401), response.text
    assert "access_token" not in response.text
    return str((response.json or {})["error"])


@pytest.mark.parametrize("case", EXCHANGES)
def test_a_code_is_worth_nothing_without_all_that_belongs_to_it(
    browser: Browser, lms: Maker, case: str
) -> None:
    verifier = Verifier()
    code = agree(browser, lms, "profile", verifier)
    other, expected = EXCHANGES[case]
    assert error(lms.exchange(code, verifier, **other)) == expected
    assert lms.exchange(code, verifier).status_code == 200, "the app itself is not harmed"


def test_a_code_used_twice_takes_back_what_it_gave(browser: Browser, lms: Maker) -> None:
    verifier = Verifier()
    code = agree(browser, lms, "profile", verifier)
    given = lms.exchange(code, verifier).json or {}
    assert lms.caller(given["access_token"]).get("/v1/me").status_code == 200
    assert error(lms.exchange(code, verifier)) == "invalid_grant"
    assert lms.caller(given["access_token"]).get("/v1/me").status_code == 401
    assert error(lms.refresh(given["refresh_token"])) == "invalid_grant"


def test_a_code_lasts_a_minute(browser: Browser, lms: Maker, clock: Clock) -> None:
    verifier = Verifier()
    code = agree(browser, lms, "profile", verifier)
    clock.forward(seconds=61)
    assert error(lms.exchange(code, verifier)) == "invalid_grant"


def test_a_code_of_another_app(
    app: Flask, tenant_id: UUID, browser: Browser, lms: Maker, mobile: Maker
) -> None:
    verifier = Verifier()
    code = agree(browser, lms, "profile", verifier)
    assert error(mobile.exchange(code, verifier, redirect_uri=lms.redirect_uri)) == "invalid_grant"
    assert lms.exchange(code, verifier).status_code == 200


def test_a_code_given_before_the_tenant_withdrew(
    app: Flask, tenant_id: UUID, browser: Browser, lms: Maker
) -> None:
    verifier = Verifier()
    code = agree(browser, lms, "profile", verifier)
    withdraw(app, tenant_id, lms.client_id)
    assert error(lms.exchange(code, verifier)) == "invalid_grant"


def test_a_code_is_not_taken_from_an_address(browser: Browser, lms: Maker) -> None:
    verifier = Verifier()
    code = agree(browser, lms, "profile", verifier)
    said = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier.text}
    answer = lms.post(f"/oauth/token?code={code}", said)
    assert error(answer) == "invalid_request"


CLIENTS: dict[str, Any] = {
    "no secret": lambda lms, other: (None, {"client_id": lms.client_id}),
    "a wrong secret": lambda lms, other: ((lms.client_id, "wrong"), {}),
    "an empty secret": lambda lms, other: ((lms.client_id, ""), {}),
    "another app's secret": lambda lms, other: ((lms.client_id, other.secret), {}),
    "the secret in the body": lambda lms, other: (
        None,
        {"client_id": lms.client_id, "client_secret": lms.secret},
    ),
    "another app": lambda lms, other: ((other.client_id, other.secret), {}),
    "an unknown app": lambda lms, other: (("app-000000000000000000000000", "x"), {}),
    "nobody": lambda lms, other: (None, {}),
}
DOORS: dict[str, Any] = {
    "exchange": lambda given: ("/oauth/token", {"grant_type": "authorization_code", **given["exchange"]}),
    "refresh": lambda given: (
        "/oauth/token",
        {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]},
    ),
    "revoke": lambda given: ("/oauth/revoke", {"token": given["refresh_token"]}),
    "revoke by access token": lambda given: ("/oauth/revoke", {"token": given["access_token"]}),
    "introspect": lambda given: ("/oauth/introspect", {"token": given["access_token"]}),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("client", CLIENTS)
def test_whoever_is_not_the_app_gets_nothing(
    app: Flask, tenant_id: UUID, browser: Browser, lms: Maker, door: str, client: str
) -> None:
    made = register(app, tenant_id)
    approve(app, tenant_id, made.client_id)
    other = Maker(app, made.client_id, made.client_secret)
    given = tokens(browser, lms)
    verifier = Verifier()
    code = agree(browser, lms, "profile", verifier)
    given["exchange"] = {"code": code, "code_verifier": verifier.text, "redirect_uri": lms.redirect_uri}
    path, said = DOORS[door](given)
    auth, more = CLIENTS[client](lms, other)
    answer = app.test_client().post(path, data=said | more, auth=auth)
    if door == "introspect" and client == "another app":
        assert answer.json == {"active": False}
    else:
        assert error(answer) in ("invalid_client", "invalid_grant")
    assert lms.caller(given["access_token"]).get("/v1/me").status_code == 200, "the app itself is not harmed"
    assert lms.refresh(given["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "header",
    ["Basic /////w==", "Basic !", "Basic", "Bearer x", "Basic " + base64.b64encode(b"app-\0:x").decode()],
)
@pytest.mark.parametrize(
    "path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/device_authorization"]
)
def test_a_header_that_cannot_be_read_is_no_fault_of_ours(
    app: Flask, tenant_id: UUID, header: str, path: str
) -> None:
    said = {"grant_type": "refresh_token", "token": "x", "refresh_token": "x"}
    answer = app.test_client().post(path, data=said, headers={"Authorization": header})
    assert error(answer) == "invalid_client"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"grant_type": "a\0b"}, None),
        ({"grant_type": ["refresh_token", "client_credentials"]}, None),
        ({"grant_type": "x" * 5000}, None),
        (b'{"grant_type": "refresh_token"}', "application/json"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_cannot_be_read_is_told(app: Flask, tenant_id: UUID, data: Any, kind: str | None) -> None:
    answer = app.test_client().post("/oauth/token", data=data, content_type=kind)
    assert error(answer) in ("invalid_request", "unsupported_grant_type")


def test_an_apps_token_is_not_renewed_at_the_door_of_phones(app: Flask, browser: Browser, lms: Maker) -> None:
    given = tokens(browser, lms)
    answer = app.test_client().post("/v1/sign-in/refresh", json={"refresh_token": given["refresh_token"]})
    assert answer.status_code == 401
    assert lms.refresh(given["refresh_token"]).status_code == 200


def test_a_phones_token_is_not_renewed_at_the_door_of_apps(app: Flask, tenant_id: UUID, lms: Maker) -> None:
    services = services_of(app)
    claims = services.tokens.read_access(sign_in(services, tenant_id, ANA))
    from service.accounts.tokens import Refresh

    token = services.tokens.write_refresh(Refresh(tenant_id, claims.session_id, 1))
    assert error(lms.refresh(token)) == "invalid_grant"
    assert (lms.post("/oauth/introspect", {"token": token}).json or {}) == {"active": False}
    assert lms.post("/oauth/revoke", {"token": token}).status_code == 200
    phone = app.test_client().post("/v1/sign-in/refresh", json={"refresh_token": token})
    assert phone.status_code == 200, "it was left alone"


def test_a_copied_refresh_token_ends_the_session(browser: Browser, lms: Maker, clock: Clock) -> None:
    first = tokens(browser, lms)
    second = lms.refresh(first["refresh_token"]).json or {}
    assert lms.caller(second["access_token"]).get("/v1/me").status_code == 200
    clock.forward(seconds=61)
    assert error(lms.refresh(first["refresh_token"])) == "invalid_grant"
    assert lms.caller(second["access_token"]).get("/v1/me").status_code == 401
    assert error(lms.refresh(second["refresh_token"])) == "invalid_grant"


def test_a_lost_answer_gives_the_same_successor(browser: Browser, lms: Maker, clock: Clock) -> None:
    given = tokens(browser, lms)
    for _ in range(6):
        heard = [lms.refresh(given["refresh_token"]).json or {} for _ in range(3)]
        assert len({one["refresh_token"] for one in heard}) == 1
        clock.forward(hours=1)
        again = lms.refresh(given["refresh_token"]).json or {}
        assert again["refresh_token"] == heard[0]["refresh_token"]
        assert lms.caller(again["access_token"]).get("/v1/me").status_code == 200
        given = again


@pytest.mark.parametrize("which", ["lms", "mobile"])
def test_twenty_that_renew_at_once_are_given_one_successor(
    request: pytest.FixtureRequest, browser: Browser, which: str
) -> None:
    maker: Maker = request.getfixturevalue(which)
    given = tokens(browser, maker)
    answers: list[TestResponse] = []
    gate = threading.Barrier(20)

    def renew() -> None:
        gate.wait()
        answers.append(maker.refresh(given["refresh_token"]))

    threads = [threading.Thread(target=renew) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 20
    assert len({(answer.json or {})["refresh_token"] for answer in answers}) == 1
    assert maker.caller((answers[0].json or {})["access_token"]).get("/v1/me").status_code == 200


def test_no_renewal_gives_more_than_was_agreed(browser: Browser, lms: Maker) -> None:
    given = tokens(browser, lms, "profile notes:read")
    assert error(lms.refresh(given["refresh_token"], scope="profile notes:write")) == "invalid_scope"
    less = lms.refresh(given["refresh_token"], scope="profile").json or {}
    assert less["scope"] == "profile"
    assert lms.caller(less["access_token"]).get("/v1/notes").status_code == 403
    full = lms.refresh(less["refresh_token"]).json or {}
    assert full["scope"] == "notes:read profile"
    assert lms.caller(full["access_token"]).get("/v1/notes").status_code == 200


def test_an_access_token_lasts_ten_minutes(browser: Browser, lms: Maker, clock: Clock) -> None:
    given = tokens(browser, lms)
    clock.forward(minutes=10, seconds=1)
    assert lms.caller(given["access_token"]).get("/v1/me").status_code == 401
    assert (lms.post("/oauth/introspect", {"token": given["access_token"]}).json or {}) == {"active": False}


def test_a_tampered_token_is_none(browser: Browser, lms: Maker) -> None:
    head, body, signature = tokens(browser, lms)["access_token"].split(".")
    said = base64.urlsafe_b64decode(body + "==").replace(b"notes:read", b"notes:write")
    more = base64.urlsafe_b64encode(said).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
    for forged in (f"{head}.{more}.{signature}", f"{none}.{more}.", f"{head}.{body}."):
        assert lms.caller(forged).get("/v1/me").status_code == 401


def withdraw(app: Flask, tenant_id: UUID, client_id: str) -> None:
    from service.accounts.apps import registry

    services = services_of(app)
    with services.database.begin(tenant_id) as connection:
        registry.withdraw(connection, tenant_id, client_id, None, services.now())


def test_after_the_tenant_withdrew_nothing_opens(
    app: Flask, tenant_id: UUID, browser: Browser, lms: Maker
) -> None:
    given = tokens(browser, lms)
    withdraw(app, tenant_id, lms.client_id)
    assert lms.caller(given["access_token"]).get("/v1/me").status_code == 401
    assert error(lms.refresh(given["refresh_token"])) == "invalid_grant"
    assert (lms.post("/oauth/introspect", {"token": given["access_token"]}).json or {}) == {"active": False}
    approve(app, tenant_id, lms.client_id)
    assert lms.caller(given["access_token"]).get("/v1/me").status_code == 401, "it is not revived"


def test_an_approval_that_is_gone_shuts_out_a_session_that_was_forgotten(
    app: Flask, tenant_id: UUID, browser: Browser, lms: Maker
) -> None:
    """The second wall: were a session left over, its app is asked about at each request all the same."""
    given = tokens(browser, lms)
    with services_of(app).database.begin(tenant_id) as connection:
        connection.exec_driver_sql(f"DELETE FROM app_approval WHERE tenant_id = '{tenant_id}'")
    assert lms.caller(given["access_token"]).get("/v1/me").status_code == 401


def test_an_approval_of_less_ends_who_had_more(
    app: Flask, tenant_id: UUID, browser: Browser, lms: Maker
) -> None:
    more, less = tokens(browser, lms, "profile notes:read"), tokens(browser, lms, "profile")
    approve(app, tenant_id, lms.client_id, "profile")
    assert lms.caller(more["access_token"]).get("/v1/me").status_code == 401
    assert lms.caller(less["access_token"]).get("/v1/me").status_code == 200


def test_nothing_secret_is_stored(app: Flask, tenant_id: UUID, browser: Browser, lms: Maker) -> None:
    verifier = Verifier()
    code = agree(browser, lms, "profile", verifier)
    given = lms.exchange(code, verifier).json or {}
    services = services_of(app)
    with services.database.begin(tenant_id) as connection:
        stored = ""
        for table in ("app", "app_code", "app_device_code"):
            stored += str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
        rows = connection.execute(select(session).where(session.c.tenant_id == tenant_id)).all()
    for secret in (code, verifier.text, given["access_token"], given["refresh_token"], lms.secret or "?"):
        assert secret not in stored + str(rows)
