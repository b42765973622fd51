"""What can be tried on the way through the browser: none of it brings a code, or brings it elsewhere."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from service.accounts.apps.requests import Asked
from tests.api.apps.conftest import (
    ANA,
    BACK,
    ISSUER,
    Browser,
    Maker,
    Verifier,
    agree,
    answered,
    register,
    signed_in,
    tokens,
)
from tests.builders import make_tenant, services_of, sign_in

ELSEWHERE: dict[str, dict[str, str | None]] = {
    "an unknown app": {"client_id": "app-000000000000000000000000"},
    "no app": {"client_id": None},
    "an app that is no text": {"client_id": "app'; DROP TABLE app; --"},
    "another host": {"redirect_uri": "https://evil.example/back"},
    "a suffix": {"redirect_uri": f"{BACK}.evil.example"},
    "a longer path": {"redirect_uri": f"{BACK}/evil"},
    "a query": {"redirect_uri": f"{BACK}?to=evil"},
    "a fragment": {"redirect_uri": f"{BACK}#evil"},
    "a path around": {"redirect_uri": "https://lms.example/x/../back"},
    "a user before the host": {"redirect_uri": "https://lms.example@evil.example/back"},
    "plain http": {"redirect_uri": "http://lms.example/back"},
    "capitals": {"redirect_uri": "https://LMS.example/back"},
    "a port": {"redirect_uri": "https://lms.example:8443/back"},
    "a script": {"redirect_uri": "javascript:alert(1)"},
}
BACK_WITH_AN_ERROR: dict[str, tuple[dict[str, str | None], str]] = {
    "plain PKCE": ({"code_challenge_method": "plain"}, "invalid_request"),
    "PKCE without its method, which would mean plain": ({"code_challenge_method": None}, "invalid_request"),
    "no PKCE": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    "an empty challenge": ({"code_challenge": ""}, "invalid_request"),
    "a short challenge": ({"code_challenge": "short"}, "invalid_request"),
    "a method of lower case": ({"code_challenge_method": "s256"}, "invalid_request"),
    "a token in the address": ({"response_type": "token"}, "unsupported_response_type"),
    "a code and a token": ({"response_type": "code token"}, "unsupported_response_type"),
    "no response type": ({"response_type": None}, "unsupported_response_type"),
    "an unknown scope": ({"scope": "evaluation:read"}, "invalid_scope"),
    "a scope that it never registered": ({"scope": "profile media:write"}, "invalid_scope"),
    "no scope": ({"scope": None}, "invalid_scope"),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_nobody_is_sent_where_the_app_never_said(browser: Browser, lms: Maker, case: str) -> None:
    said = lms.request(Verifier(), "profile", **ELSEWHERE[case])
    for answer in (
        browser.get("/oauth/authorize", said),
        browser.post("/oauth/authorize", said, {"said": "yes"}),
    ):
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert answer.mimetype == "text/html"


@pytest.mark.parametrize("which", ["lms", "mobile"])
@pytest.mark.parametrize("case", BACK_WITH_AN_ERROR)
def test_faults_go_back_to_the_app_without_a_code(
    request: pytest.FixtureRequest, browser: Browser, which: str, case: str
) -> None:
    maker: Maker = request.getfixturevalue(which)
    other, error = BACK_WITH_AN_ERROR[case]
    said = maker.request(Verifier(), "profile", **other)
    for answer in (
        browser.get("/oauth/authorize", said),
        browser.post("/oauth/authorize", said, {"said": "yes"}),
    ):
        assert answer.location.startswith(maker.redirect_uri + "?")
        told = answered(answer)
        assert (told["error"], told["state"], told["iss"]) == (error, "state-1", ISSUER)
        assert "code" not in told


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "state", "code_challenge"])
def test_nothing_stands_in_a_request_twice(browser: Browser, lms: Maker, name: str) -> None:
    said = lms.request(Verifier(), "profile")
    answer = browser.client.get("/oauth/authorize", query_string=[*said.items(), (name, said[name])])
    assert answer.status_code == 400


def test_an_app_with_two_addresses_must_say_which(app: Flask, tenant_id: UUID, browser: Browser) -> None:
    made = register(app, tenant_id, uris=(BACK, f"{BACK}/two"))
    said = Maker(app, made.client_id).request(Verifier(), "profile", redirect_uri=None)
    assert browser.get("/oauth/authorize", said).status_code == 400


def test_the_answer_names_its_issuer(browser: Browser, lms: Maker) -> None:
    """Against mix-up: an app that speaks to several servers sees which one answers (RFC 9207)."""
    said = lms.request(Verifier(), "profile")
    told = answered(browser.post("/oauth/authorize", said, {"said": "yes"}))
    assert (told["iss"], told["state"]) == (ISSUER, "state-1")
    told = answered(browser.post("/oauth/authorize", said, {"said": "no"}))
    assert (told["error"], told["iss"], told["state"]) == ("access_denied", ISSUER, "state-1")


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://127.0.0.1:8081", f"{ISSUER}.evil"]
)
@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/sign-in", "/oauth/sign-out", "/oauth/device"])
def test_a_form_of_another_page_does_nothing(
    browser: Browser, lms: Maker, path: str, origin: str | None
) -> None:
    said = lms.request(Verifier(), "profile")
    answer = browser.post(path, said, {"said": "yes", "code": "x"}, origin)
    assert answer.status_code == 403
    assert "Location" not in answer.headers
    assert browser.get("/oauth/authorize", said).status_code == 200, "she is still signed in"


def test_who_is_not_signed_in_gives_nothing(app: Flask, lms: Maker) -> None:
    said = lms.request(Verifier(), "profile")
    for kept in (None, "cwb_" + "A" * 91, "nonsense", "cwb_ü"):
        nobody = Browser(app.test_client())
        if kept:
            nobody.client.set_cookie("__Host-comewatch", kept, domain="127.0.0.1")
        answer = nobody.post("/oauth/authorize", said, {"said": "yes"})
        assert answer.status_code == 200
        assert "invitation code" in answer.text


def test_the_cookie_and_the_tokens_are_not_each_other(app: Flask, browser: Browser, lms: Maker) -> None:
    given = tokens(browser, lms)
    cookie = browser.client.get_cookie("__Host-comewatch", domain="127.0.0.1")
    assert cookie is not None
    assert lms.caller(cookie.value).get("/v1/me").status_code == 401
    assert lms.refresh(cookie.value.replace("cwb_", "cwr_")).status_code == 400
    phone = app.test_client().post("/v1/sign-in/refresh", json={"refresh_token": cookie.value})
    assert phone.status_code == 401
    thief = Browser(app.test_client())
    stolen = given["refresh_token"].replace("cwr_", "cwb_")
    thief.client.set_cookie("__Host-comewatch", stolen, domain="127.0.0.1")
    assert "invitation code" in thief.get("/oauth/authorize", lms.request(Verifier(), "profile")).text


def test_the_cookie_is_only_for_our_pages(browser: Browser) -> None:
    cookie = browser.client.get_cookie("__Host-comewatch", domain="127.0.0.1")
    assert cookie is not None
    assert (cookie.secure, cookie.http_only, cookie.same_site, cookie.path) == (True, True, "Lax", "/")
    assert not cookie.domain_specified if hasattr(cookie, "domain_specified") else True


def test_who_signed_out_is_out(browser: Browser, lms: Maker) -> None:
    cookie = browser.client.get_cookie("__Host-comewatch", domain="127.0.0.1")
    assert cookie is not None
    said = lms.request(Verifier(), "profile")
    assert browser.post("/oauth/sign-out", {"to": "authorize", **said}, {}).status_code == 303
    browser.client.set_cookie("__Host-comewatch", cookie.value, domain="127.0.0.1")
    assert "invitation code" in browser.get("/oauth/authorize", said).text


def test_the_page_cannot_be_framed_scripted_or_kept(browser: Browser, lms: Maker) -> None:
    answer = browser.get("/oauth/authorize", lms.request(Verifier(), "profile"))
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'self' https://lms.example;" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_name_of_an_app_is_only_text(app: Flask, tenant_id: UUID, browser: Browser) -> None:
    from service.accounts.apps import registry

    services = services_of(app)
    wish = registry.Wish("<script>alert(1)</script>", (BACK,), ("profile",))
    with services.database.begin_reference() as connection:
        made = registry.register(connection, wish, tenant_id, services.now())
    with services.database.begin(tenant_id) as connection:
        registry.approve(connection, tenant_id, made.client_id, ["profile"], None, services.now())
    answer = browser.get("/oauth/authorize", Maker(app, made.client_id).request(Verifier(), "profile"))
    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text


def test_it_is_asked_in_plain_words_in_both_languages(browser: Browser, lms: Maker) -> None:
    said = lms.request(Verifier(), "notes:read")
    english = browser.get("/oauth/authorize", said)
    spanish = browser.get("/oauth/authorize", said, **{"Accept-Language": "es-MX,es;q=0.9"})
    assert "Lesson Box asks to act for you" in english.text
    assert "Ana Ruiz" in english.text
    assert "Read the notes" in english.text
    assert "Lesson Box pide actuar en su nombre" in spanish.text
    assert spanish.headers["Content-Language"] == "es"


def test_an_app_that_the_tenant_did_not_approve_gets_nothing(
    app: Flask, tenant_id: UUID, browser: Browser
) -> None:
    made = register(app, None)
    maker = Maker(app, made.client_id, made.client_secret)
    said = maker.request(Verifier(), "profile")
    assert browser.get("/oauth/authorize", said).status_code == 403
    assert answered(browser.post("/oauth/authorize", said, {"said": "yes"}))["error"] == "access_denied"


def test_another_tenants_approval_is_not_ours(app: Flask, browser: Browser) -> None:
    from tests.api.apps.conftest import approve

    elsewhere = make_tenant(services_of(app), "south-of-it")
    made = register(app, elsewhere)
    approve(app, elsewhere, made.client_id)
    said = Maker(app, made.client_id, made.client_secret).request(Verifier(), "profile")
    assert browser.get("/oauth/authorize", said).status_code == 403


def test_only_what_is_approved_is_given(app: Flask, tenant_id: UUID, browser: Browser) -> None:
    from tests.api.apps.conftest import approve

    made = register(app, tenant_id)
    approve(app, tenant_id, made.client_id, "profile")
    assert tokens(browser, Maker(app, made.client_id, made.client_secret))["scope"] == "profile"


def test_an_access_token_of_a_phone_is_no_browser(app: Flask, tenant_id: UUID, lms: Maker) -> None:
    token = sign_in(services_of(app), tenant_id, ANA)
    browser = Browser(app.test_client())
    answer = browser.get(
        "/oauth/authorize", lms.request(Verifier(), "profile"), Authorization=f"Bearer {token}"
    )
    assert "invitation code" in answer.text


def test_a_browser_is_signed_out_after_eight_hours(browser: Browser, lms: Maker, clock: object) -> None:
    clock.forward(hours=8, seconds=1)  # type: ignore[attr-defined]  # the file's own clock
    assert "invitation code" in browser.get("/oauth/authorize", lms.request(Verifier(), "profile")).text


def test_a_second_person_in_another_browser_gives_her_own(
    app: Flask, tenant_id: UUID, browser: Browser, lms: Maker
) -> None:
    bo = signed_in(app, tenant_id, "person-bo")
    for who, name in ((browser, ANA), (bo, "person-bo")):
        me = lms.caller(tokens(who, lms)["access_token"]).get("/v1/me")
        assert (me.json or {})["person"]["id"] == name


def test_a_way_on_leads_only_to_our_own_pages(app: Flask, tenant_id: UUID) -> None:
    from service.accounts import sign_in as codes

    services = services_of(app)
    with services.database.begin(tenant_id) as connection:
        code = codes.make_code(connection, tenant_id, ANA, services.now())
    answer = Browser(app.test_client()).post(
        "/oauth/sign-in", {"to": "//evil.example/device"}, {"code": code}
    )
    assert answer.location == "/oauth/device"


def test_a_header_that_cannot_be_read_names_nobody() -> None:
    for said in ("Basic /////w==", "Basic ü", "Basic !", "Basic"):
        assert Asked("POST", f"{ISSUER}/oauth/token", {"Authorization": said}, {}).basic_client_id is None


def test_a_code_is_for_one_agreement(browser: Browser, lms: Maker) -> None:
    assert agree(browser, lms, "profile", Verifier()) != agree(browser, lms, "profile", Verifier())


JUNK: list[dict[str, object]] = [
    {"data": b"code=%00&said=%00&user_code=%00"},
    {"data": b"code=%ff%fe&said=%ff"},
    {"data": b"code=a&code=b&said=yes&said=no"},
    {"data": {"code": "x" * 600_000, "said": "x" * 600_000}},
    {"data": b"{}", "content_type": "application/json"},
    {"data": b"--x\r\n", "content_type": "multipart/form-data; boundary=x"},
    {"data": b"", "query_string": "user_code=%00"},
    {"data": b"", "query_string": "user_code=%ff&client_id=%ff"},
    {"data": b"", "query_string": "client_id=" + "x" * 3000 + "&redirect_uri=//evil&response_type=code"},
    {"data": b"", "query_string": "client_id=ü&user_code=ü"},
]


@pytest.mark.parametrize("number", range(len(JUNK)))
def test_nothing_that_is_sent_is_a_fault_of_ours(browser: Browser, lms: Maker, number: int) -> None:
    base = ISSUER.replace("http:", "https:")
    for path in (
        "authorize",
        "sign-in",
        "device",
        "token",
        "revoke",
        "introspect",
        "device_authorization",
        "sign-out",
    ):
        sent = {"content_type": "application/x-www-form-urlencoded"} | JUNK[number]
        for method in ("POST", "GET"):
            answer = browser.client.open(
                f"/oauth/{path}",
                method=method,
                base_url=base,
                headers={"Origin": ISSUER},
                **sent,  # type: ignore[arg-type]
            )
            assert answer.status_code < 500, (method, path, answer.text)
            assert "code=cwc_" not in answer.headers.get("Location", "")
