"""A phone with nothing new is told so in one round trip; whatever else there is goes longer ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import InternalError
from werkzeug.test import TestResponse

from service.api import sync
from service.api.glance import Glance
from service.api.headers import TIME
from sync.server import restore
from sync.server.statement import Statement
from tests.api.conftest import HANA, OLGA
from tests.builders import Caller, caller, put, services_of

PULL = "/v1/sync/pull"


@pytest.fixture
def long_ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that pulls took beyond a glance."""
    gone: list[str] = []

    def watch(step: str) -> None:
        real = getattr(sync, step)
        monkeypatch.setattr(sync, step, lambda *said: (gone.append(step), real(*said))[1])

    for step in ("read_ahead", "read_page", "note_page"):
        watch(step)
    return gone


def rest(phone: Caller) -> str:
    """The cursor of a phone that has pulled all, and whose device is known."""
    cursor: str | None = None
    for _ in range(3):
        said = phone.post(PULL, {"cursor": cursor}).json
        assert not said["more"]
        cursor = said["cursor"]
    assert cursor is not None
    return cursor


def test_a_phone_with_nothing_new_is_told_at_a_glance(hana: Caller, long_ways: list[str]) -> None:
    cursor = rest(hana)
    long_ways.clear()
    answer = hana.post(PULL, {"cursor": cursor})
    assert answer.json == {"changes": [], "cursor": cursor, "more": False}
    assert long_ways == []


def test_what_moves_for_others_moves_the_cursor_alone(
    app: Flask, tenant_id: UUID, hana: Caller, olga: Caller, long_ways: list[str]
) -> None:
    cursor = rest(olga)
    put(services_of(app), tenant_id, "visits", "visit-mine", host_id=HANA)
    long_ways.clear()
    glanced = olga.post(PULL, {"cursor": cursor}).json
    assert (glanced["changes"], glanced["cursor"] != cursor, long_ways) == ([], True, [])
    put(services_of(app), tenant_id, "visits", "visit-ours", host_id=HANA, observer_ids=[OLGA])
    found = olga.post(PULL, {"cursor": glanced["cursor"]}).json
    assert [change["id"] for change in found["changes"]] == ["visit-ours"]
    assert long_ways == ["read_ahead", "note_page"]  # another person's visit: its host hears that it was read


def test_an_ended_session_is_refused_as_ever(hana: Caller) -> None:
    cursor = rest(hana)
    assert hana.post("/v1/sign-out").status_code == 204
    assert hana.post(PULL, {"cursor": cursor}).json["type"] == "/problems/session-ended"


def test_a_fresh_pair_of_tokens_is_confirmed(app: Flask, tenant_id: UUID, hana: Caller) -> None:
    cursor = rest(hana)
    with services_of(app).database.begin(tenant_id) as connection:
        mine = "WHERE tenant_id = :tenant AND person_id = :person"
        whose = {"tenant": tenant_id, "person": HANA}
        connection.execute(text(f"UPDATE session SET confirmed = 0 {mine}"), whose)
    assert hana.post(PULL, {"cursor": cursor}).status_code == 200
    with services_of(app).database.begin(tenant_id) as connection:
        assert connection.scalar(text(f"SELECT confirmed FROM session {mine}"), whose) == 1


def test_a_restored_server_sends_the_phone_back_to_the_start(
    app: Flask, tenant_id: UUID, hana: Caller
) -> None:
    cursor = rest(hana)
    services = services_of(app)
    with services.database.begin(tenant_id) as connection:
        restore.begin_new_life(connection, tenant_id, services.now())
    assert hana.post(PULL, {"cursor": cursor}).json["type"] == "/problems/sync-reset-required"


ASKED: dict[str, dict[str, Any]] = {
    "plain": {},
    "all that can be said": {"limit": 7, "collections": ["notes", "visits"]},
    "null collections": {"collections": None},
    "no cursor": {"cursor": None},
    "a cursor of nobody": {"cursor": "%%%"},
    "a cursor of other collections": {"collections": ["notes"]},
    "a limit of true": {"limit": True},
    "a limit of 4.0": {"limit": 4.0},
    "too large a limit": {"limit": 1001},
    "an unknown member": {"since": 1},
    "an unknown collection": {"collections": ["scores"]},
    "no collection": {"collections": []},
    "a collection in a list": {"collections": [["notes"]]},
    "a collection that is a number": {"collections": [1]},
}
HEADERS: dict[str, dict[str, str]] = {
    "no token": {"Authorization": ""},
    "a token of nobody": {"Authorization": "Bearer x.y.z"},
    "another scheme": {"Authorization": "bearer {token}"},
    "another device": {"X-Device-Id": "another-device"},
    "a packed body": {"Content-Encoding": "gzip"},
    "another type": {"Content-Type": "text/plain"},
    "a type with its letters": {"Content-Type": "application/json; charset=utf-8"},
    "a clock": {"X-Device-Time": "2026-11-28T09:00:00Z"},
    "no clock": {"X-Device-Time": "noon"},
    "who can unpack": {"Accept-Encoding": "zstd, br, gzip"},
}


def both(app: Flask, call: Callable[[], TestResponse]) -> tuple[object, object]:
    """Status, headers and body of the answer with the glance in front of the app, and of the app's own."""
    glance = app.wsgi_app
    assert isinstance(glance, Glance)
    answers = []
    for wsgi in (glance, glance._app):
        app.wsgi_app = wsgi  # type: ignore[method-assign,assignment]  # a WSGI app goes there
        try:
            answer = call()
        finally:
            app.wsgi_app = glance  # type: ignore[method-assign,assignment]  # a WSGI app goes there
        assert answer.headers.pop(TIME)  # which may differ, as what is left of a limit
        assert answer.headers.pop("RateLimit")
        answers.append((answer.status, sorted(answer.headers), answer.data))
    return answers[0], answers[1]


@pytest.mark.parametrize("said", ASKED)
def test_a_glance_answers_as_the_app_does_to_the_byte(app: Flask, hana: Caller, said: str) -> None:
    asked = {"cursor": rest(hana)} | ASKED[said]
    front, behind = both(app, lambda: hana.post(PULL, asked))
    assert front == behind


@pytest.mark.parametrize("said", HEADERS)
def test_a_glance_hears_headers_as_the_app_does(app: Flask, hana: Caller, said: str) -> None:
    asked = orjson.dumps({"cursor": rest(hana)})
    headers = {name: value.format(token=hana.token) for name, value in HEADERS[said].items()}
    front, behind = both(
        app,
        lambda: hana.call("POST", PULL, data=asked, headers={"Content-Type": "application/json"} | headers),
    )
    assert front == behind


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"cursor":"a","cursor":"b"}', b"[]", b"null", b'{"limit":1e999}', b" " * 5000]
)
def test_a_glance_leaves_odd_bodies_to_the_app(app: Flask, hana: Caller, body: bytes) -> None:
    kind = {"Content-Type": "application/json"}
    front, behind = both(app, lambda: hana.call("POST", PULL, data=body, headers=kind))
    assert front == behind


def test_another_device_goes_the_long_way_first(
    app: Flask, tenant_id: UUID, hana: Caller, long_ways: list[str]
) -> None:
    cursor = rest(hana)
    long_ways.clear()
    tablet = caller(app, tenant_id, HANA, "tablet-of-hana")
    assert tablet.post(PULL, {"cursor": cursor}).json["changes"] == []
    assert long_ways == ["read_ahead", "read_page"]


def test_a_question_cannot_write(app: Flask, tenant_id: UUID) -> None:
    database = services_of(app).database
    writes = Statement("DELETE FROM sync_clock WHERE tenant_id = :tenant RETURNING seq")
    with pytest.raises(InternalError, match="read-only transaction"):
        database.ask(tenant_id, (writes, {"tenant": tenant_id}))
    counts = Statement("SELECT count(*) AS rows FROM sync_clock WHERE tenant_id = :tenant")
    assert database.ask(tenant_id, (counts, {"tenant": tenant_id})) == [[(1,)]]


def test_a_question_sees_its_own_tenant_alone(app: Flask, tenant_id: UUID, stranger: Caller) -> None:
    asked = Statement("SELECT count(*) AS rows FROM people WHERE CAST(:tenant AS text) IS NOT NULL")
    database = services_of(app).database
    assert database.ask(tenant_id, (asked, {"tenant": "x"})) == [[(3,)]]
