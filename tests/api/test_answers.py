"""What every answer has in common: headers, sizes, and a decent end when something breaks."""

from __future__ import annotations

import dataclasses
import gzip
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import brotli
import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from werkzeug.test import TestResponse

from service.accounts.tokens import Claims
from service.app import create_app
from service.settings import Settings
from sync.server import feed
from tests.api.conftest import HANA
from tests.api.test_hard_input import doors, filled
from tests.builders import Caller, caller, services_of
from tests.conftest import owner_url

SECURITY = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


FAULTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "a query that is no text": {"query_string": "a=%00"},
    "a query that nobody asked for": {"query_string": "nonsense=1"},
    "a body that is encoded": {"headers": {"Content-Encoding": "gzip"}},
    "a body that is none": {"data": b"{", "content_type": "application/json"},
    "a method that is none": {"method": "PROPFIND"},
    "a question of a page of another's": {
        "method": "OPTIONS",
        "headers": {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    },
}

NOWHERE = (("GET", "/nowhere"), ("GET", "/v1/u/x/s3/params"), ("GET", "/v1/play/x/y"))


@pytest.mark.parametrize("fault", FAULTS)
def test_every_answer_has_the_security_headers(
    app: Flask, tenant_id: UUID, nobody: Caller, fault: str
) -> None:
    said, seen = FAULTS[fault], set()
    hana = caller(app, tenant_id, HANA)
    for method, rule in sorted([*doors(app), *NOWHERE], key=lambda door: door[1] == "/v1/sign-out"):
        hers, anybodys = (
            who.call(**({"method": method, "path": filled(rule)} | said)) for who in (hana, nobody)
        )
        for answer in (hers, anybodys):
            seen.add(answer.status_code)
            demand_secure(answer, rule)
        if anybodys.status_code == 401:
            assert hers.headers["Cache-Control"] == "no-store", (method, rule)
    assert all(status < 500 for status in seen), seen


def demand_secure(answer: TestResponse, rule: str) -> None:
    """The headers; a page with a form of ours says of itself where it is from, to us alone."""
    page = rule.startswith("/oauth/") and answer.mimetype == "text/html" and answer.status_code != 302
    expected = SECURITY | ({"Referrer-Policy": "same-origin"} if page else {})
    assert {name: answer.headers.get(name) for name in SECURITY} in (expected, SECURITY), (
        rule,
        answer.headers,
    )
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'unsafe" not in policy
    assert [name for name, _ in answer.headers if name.lower().startswith("access-control-")] == [], rule


def test_what_is_somebodys_is_not_stored(hana: Caller, nobody: Caller) -> None:
    assert hana.get("/v1/people").headers["Cache-Control"] == "no-store"
    assert hana.get("/v1/people/nobody-here").headers["Cache-Control"] == "no-store"
    unread = hana.get("/v1/people?a=%00")
    assert (unread.status_code, unread.headers["Cache-Control"]) == (400, "no-store")
    assert nobody.post("/v1/sign-in/code", {}).headers["Cache-Control"] == "no-store"
    assert "Cache-Control" not in nobody.get("/health").headers


def test_answers_are_compressed_but_for_secrets_and_etags(hana: Caller, nobody: Caller) -> None:
    plain = nobody.get("/problems").data
    packed = {
        name: nobody.get("/problems", headers={"Accept-Encoding": name}) for name in ("gzip", "br", "zstd")
    }
    assert {name: answer.headers["Content-Encoding"] for name, answer in packed.items()} == {
        n: n for n in packed
    }
    assert gzip.decompress(packed["gzip"].data) == plain
    assert brotli.decompress(packed["br"].data) == plain
    assert len(packed["zstd"].data) < len(plain) / 3
    everything = {"Accept-Encoding": "gzip, br, zstd"}
    hana.post("/v1/invitations", {"id": "open-door", "host_id": HANA, "note": "x" * 1500})
    assert "Content-Encoding" not in hana.get("/v1/invitations/open-door", headers=everything).headers
    long = nobody.post("/v1/sign-in/code", {f"x{n}": n for n in range(100)}, headers=everything)
    assert (long.status_code, "Content-Encoding" in long.headers, len(long.data) > 500) == (422, False, True)


def test_the_problems_explain_themselves(nobody: Caller) -> None:
    listed = nobody.get("/problems").json["items"]
    assert listed[0] == nobody.get(listed[0]["type"]).json
    assert {"slug", "status", "title", "what_to_do", "type"} == set(listed[0])
    page = nobody.get("/problems/not-found", headers={"Accept": "text/html"})
    assert page.mimetype == "text/html"
    assert "It does not exist, or you may not see it." in page.text
    assert "/problems/session-ended" in nobody.get("/problems", headers={"Accept": "text/html"}).text
    assert nobody.get("/problems/no-such-thing").status_code == 404


def test_the_page_of_the_api_has_nothing_from_elsewhere(nobody: Caller) -> None:
    assert nobody.get("/v1/docs").headers["Location"].endswith("/v1/docs/")
    page = nobody.get("/v1/docs/")
    assert page.status_code == 200
    assert "//" not in page.text.replace("<!doctype", "")
    assert "<script>" not in page.text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js", "favicon-32x32.png"):
        with nobody.get(f"/v1/docs/{name}") as asset:
            assert asset.status_code == 200, name
    assert nobody.get("/v1/docs/..%2F__init__.py").status_code == 404
    assert nobody.get("/v1/openapi.json").json["openapi"] == "3.1.0"


def test_health(nobody: Caller) -> None:
    well = nobody.get("/health")
    assert (well.status_code, well.json) == (200, {"status": "ok"})


def test_a_fault_of_ours_is_numbered_logged_and_rolled_back(
    app: Flask,
    tenant_id: UUID,
    hana: Caller,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("the words of a teacher")

    monkeypatch.setattr("service.api.revising.after", breaks)
    broken = hana.post("/v1/invitations", {"id": "open-door", "host_id": HANA})
    assert (broken.status_code, broken.content_type) == (500, "application/problem+json")
    assert broken.json.keys() == {"type", "title", "status", "instance"}
    assert broken.json["instance"].startswith("urn:uuid:")
    assert b"teacher" not in broken.data
    assert hana.get("/v1/invitations/open-door").status_code == 404
    assert broken.json["instance"] in "".join(capsys.readouterr())


def test_a_statement_of_ours_that_is_wrong_is_a_fault_of_ours(
    hana: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ProgrammingError("SELECT", {}, Exception("no such column"))

    monkeypatch.setattr(feed, "digest", breaks)
    assert hana.get("/v1/sync/digest?collection=notes").status_code == 500


@pytest.fixture
def orphan(settings: Settings) -> Iterator[Flask]:
    """An app whose PostgreSQL is away."""
    away = "postgresql+psycopg://comewatch_rw@/db?host=/nowhere"
    app = create_app(dataclasses.replace(settings, database_url=away))
    yield app
    services_of(app).database.dispose()


def test_postgresql_away_is_said_and_healed(app: Flask, orphan: Flask) -> None:
    claims = Claims(uuid4(), uuid4(), 1, HANA, "phone")
    token = services_of(orphan).tokens.write_access(claims)
    somebody = Caller(orphan.test_client(use_cookies=False), token)
    for answer in (
        somebody.get("/health"),
        somebody.get("/v1/notes"),
        somebody.post("/v1/sync/push", {"changes": []}),
        somebody.post("/v1/sync/pull", {}),
        somebody.post(
            "/v1/sign-in/code", {"code": "x" * 28, "device_id": "phone-of-hana", "device_name": "x"}
        ),
    ):
        assert (answer.status_code, answer.json["type"]) == (503, "/problems/unavailable"), answer.json
        assert answer.headers["Retry-After"] == "2"
    assert somebody.get("/problems").status_code == 200


def test_a_cut_connection_is_an_outage_and_the_next_request_works(
    app: Flask, tenant_id: UUID, hana: Caller, session_database_url: str
) -> None:
    assert hana.get("/v1/people").status_code == 200
    owner = create_engine(owner_url(session_database_url))
    with owner.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    owner.dispose()
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    cut = hana.get("/v1/people")
    assert (cut.status_code, cut.json["type"]) == (503, "/problems/unavailable")
    assert hana.get("/v1/people").status_code == 200
