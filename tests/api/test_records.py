"""REST of records: the same for every kind, shown on invitations and notes."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.api.headers import TIME
from tests.api.conftest import HANA, OLGA
from tests.builders import Caller, caller, put, services_of

DOOR = {"id": "open-door", "host_id": HANA, "look_for": "Who talks?", "state": "open", "to_tenant": True}
NOTE = {"id": "note-one", "visit_id": "visit-one", "note_kind": "noticing", "text": "Three asked."}


@pytest.fixture
def door(hana: Caller) -> str:
    """Hana's invitation to everybody; its ETag."""
    made = hana.post("/v1/invitations", DOOR)
    assert made.status_code == 201, made.json
    return made.headers["ETag"]


@pytest.fixture
def note(olga: Caller, visit_id: str) -> str:
    """Olga's draft about Hana's lesson; its ETag."""
    made = olga.post("/v1/notes", NOTE)
    assert made.status_code == 201, made.json
    return made.headers["ETag"]


def test_a_record_is_made_under_the_id_of_its_client(hana: Caller) -> None:
    made = hana.post("/v1/invitations", DOOR)
    assert made.status_code == 201
    assert made.headers["Location"] == "/v1/invitations/open-door"
    assert made.json["look_for"] == "Who talks?"
    assert made.json["created_by"] == HANA
    assert made.json["note"] is None
    read = hana.get("/v1/invitations/open-door")
    assert (read.status_code, read.json, read.headers["ETag"]) == (200, made.json, made.headers["ETag"])


def test_the_same_create_again_is_answered_and_another_is_not(hana: Caller, door: str) -> None:
    again = hana.post("/v1/invitations", DOOR)
    assert (again.status_code, again.headers["ETag"]) == (200, door)
    other = hana.post("/v1/invitations", DOOR | {"look_for": "Something else"})
    assert (other.status_code, other.json["type"]) == (409, "/problems/already-exists")
    assert hana.get("/v1/invitations/open-door").json["look_for"] == "Who talks?"


def test_the_same_moment_written_otherwise_is_the_same_create(hana: Caller) -> None:
    said = DOOR | {"starts_at": "2026-11-23T08:00:00+00:00"}
    made = hana.post("/v1/invitations", said)
    assert (made.status_code, made.json["starts_at"]) == (201, "2026-11-23T08:00:00.000Z")
    assert hana.post("/v1/invitations", said).status_code == 200


def test_an_etag_spares_the_body(hana: Caller, door: str) -> None:
    held = hana.get("/v1/invitations/open-door", headers={"If-None-Match": door})
    assert (held.status_code, held.data, held.headers["ETag"]) == (304, b"", door)
    assert hana.get("/v1/invitations/open-door", headers={"If-None-Match": '"1"'}).status_code == 200


def test_a_change_touches_only_what_it_names(hana: Caller, door: str) -> None:
    changed = hana.patch("/v1/invitations/open-door", {"place": "Room 4"})
    assert changed.status_code == 200
    assert (changed.json["place"], changed.json["look_for"]) == ("Room 4", "Who talks?")
    assert changed.headers["ETag"] != door


def test_a_stale_change_is_refused(hana: Caller, door: str) -> None:
    assert (
        hana.patch("/v1/invitations/open-door", {"place": "4"}, headers={"If-Match": door}).status_code == 200
    )
    late = hana.patch("/v1/invitations/open-door", {"place": "5"}, headers={"If-Match": door})
    assert (late.status_code, late.json["type"]) == (412, "/problems/precondition-failed")
    assert hana.get("/v1/invitations/open-door").json["place"] == "4"
    assert hana.delete("/v1/invitations/open-door", headers={"If-Match": door}).status_code == 412
    for wanted in ("", "nonsense", '"', f"W/{door}"):
        assert (
            hana.patch("/v1/invitations/open-door", {"place": "5"}, headers={"If-Match": wanted}).status_code
            == 412
        )
    now = hana.get("/v1/invitations/open-door").headers["ETag"]
    for wanted in ("*", now, f'"1", {now}'):
        assert hana.patch("/v1/invitations/open-door", {}, headers={"If-Match": wanted}).status_code == 200


def test_an_idempotency_key_makes_a_change_once(hana: Caller, door: str) -> None:
    key = {"Idempotency-Key": "once"}
    first = hana.patch("/v1/invitations/open-door", {"place": "4"}, headers=key | {"If-Match": door})
    assert hana.patch("/v1/invitations/open-door", {"place": "5"}).status_code == 200
    again = hana.patch("/v1/invitations/open-door", {"place": "4"}, headers=key)
    assert (again.status_code, again.data, again.headers["ETag"]) == (200, first.data, first.headers["ETag"])
    assert hana.get("/v1/invitations/open-door").json["place"] == "5"
    another = hana.patch("/v1/invitations/open-door", {"place": "9"}, headers=key)
    assert (another.status_code, another.json["type"]) == (422, "/problems/key-reused")
    bad = hana.patch("/v1/invitations/open-door", {"place": "5"}, headers={"Idempotency-Key": "two words"})
    assert (bad.status_code, bad.json["type"]) == (400, "/problems/malformed-request")


def test_whoever_sees_but_does_not_own_is_told_so(olga: Caller, door: str) -> None:
    refused = olga.patch("/v1/invitations/open-door", {"place": "Mine"})
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-allowed")
    assert olga.get("/v1/rejected_writes").json == {"items": [], "cursor": None}


def test_a_deleted_record_is_gone(olga: Caller, note: str) -> None:
    gone = olga.delete("/v1/notes/note-one", headers={"If-Match": note})
    assert (gone.status_code, gone.data) == (204, b"")
    assert olga.get("/v1/notes/note-one").status_code == 404
    assert olga.get("/v1/notes").json["items"] == []


def _without_the_time(answer: TestResponse) -> dict[str, str]:
    """The headers but the one that says when it was answered."""
    return {name: said for name, said in answer.headers.items() if name not in (TIME, "RateLimit")}


@pytest.mark.parametrize(
    ("method", "suffix", "said"),
    [
        ("GET", "", None),
        ("PATCH", "", {"text": "mine"}),
        ("DELETE", "", None),
        ("GET", "/history", None),
        ("POST", "/restore", {"seq": 1}),
    ],
)
def test_invisible_is_byte_for_byte_absent(
    petra: Caller, hana: Caller, stranger: Caller, note: str, method: str, suffix: str, said: object
) -> None:
    options = {} if said is None else {"json": said}
    absent = petra.call(method, f"/v1/notes/note-xyz{suffix}", **options)
    assert (absent.status_code, absent.json["type"]) == (404, "/problems/not-found")
    for somebody in (petra, hana, stranger):
        invisible = somebody.call(method, f"/v1/notes/note-one{suffix}", **options)
        assert (invisible.status_code, invisible.data) == (404, absent.data)
        assert _without_the_time(invisible) == _without_the_time(absent)


def test_a_taken_id_does_not_tell_that_it_is_taken(petra: Caller, stranger: Caller, note: str) -> None:
    """An id of somebody's invisible record reads as nothing, and in another tenant it is free."""
    taken = petra.post("/v1/notes", NOTE)
    assert (taken.status_code, taken.json["type"]) == (404, "/problems/not-found")
    assert (
        stranger.post("/v1/invitations", {"id": "note-one", "host_id": "stella-stranger"}).status_code == 201
    )


def test_a_list_goes_on_where_it_stopped(hana: Caller) -> None:
    for number in range(5):
        hana.post("/v1/invitations", DOOR | {"id": f"door-{number:04}"})
    first = hana.get("/v1/invitations?limit=2").json
    second = hana.get(f"/v1/invitations?limit=2&cursor={first['cursor']}").json
    last = hana.get(f"/v1/invitations?limit=2&cursor={second['cursor']}").json
    ids = [[item["id"] for item in page["items"]] for page in (first, second, last)]
    assert ids == [["door-0000", "door-0001"], ["door-0002", "door-0003"], ["door-0004"]]
    assert last["cursor"] is None


def test_a_list_is_of_what_its_reader_sees(
    hana: Caller, olga: Caller, petra: Caller, stranger: Caller
) -> None:
    hana.post("/v1/invitations", DOOR)
    hana.post("/v1/invitations", DOOR | {"id": "only-olga", "to_tenant": False, "people_ids": [OLGA]})
    hana.post("/v1/invitations", DOOR | {"id": "unfinished", "state": "draft"})

    def ids(reader: Caller, query: str = "") -> list[str]:
        return [item["id"] for item in reader.get(f"/v1/invitations{query}").json["items"]]

    assert ids(hana) == ["only-olga", "open-door", "unfinished"]
    assert ids(hana, "?state=draft") == ["unfinished"]
    assert ids(hana, f"?host_id={OLGA}") == []
    assert ids(olga) == ["only-olga", "open-door"]
    assert ids(petra) == ["open-door"]
    assert ids(stranger) == []


def test_earlier_words_are_told_and_brought_back(olga: Caller, note: str) -> None:
    olga.patch("/v1/notes/note-one", {"text": "Four asked."})
    (earlier,) = olga.get("/v1/notes/note-one/history").json["items"]
    assert (earlier["record"]["text"], earlier["author"]) == ("Three asked.", OLGA)
    assert set(earlier) == {"seq", "at", "author", "record"}
    restored = olga.post("/v1/notes/note-one/restore", {"seq": earlier["seq"]})
    assert (restored.status_code, restored.json["text"]) == (200, "Three asked.")
    assert olga.post("/v1/notes/note-one/restore", {"seq": 99_999}).status_code == 404


def test_what_was_refused_leaves_nothing_behind(olga: Caller, petra: Caller, visit_id: str) -> None:
    refused = petra.post("/v1/notes", NOTE)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/parent-unknown")
    assert petra.get("/v1/rejected_writes").json["items"] == []
    assert olga.post("/v1/notes", NOTE).status_code == 201


def test_what_the_server_writes_is_only_read(olga: Caller) -> None:
    refused = olga.post("/v1/rejected_writes", {"id": "rejected-1"})
    assert (refused.status_code, refused.json["type"]) == (405, "/problems/method-not-allowed")
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_the_opening_of_somebodys_notes_is_noted(
    app: Flask, tenant_id: UUID, hana: Caller, olga: Caller, note: str
) -> None:
    from service.records.read_log import read_log

    olga.post("/v1/visits/visit-one/share")
    olga.get("/v1/notes/note-one")
    assert hana.get("/v1/notes/note-one").json["text"] == "Three asked."
    assert len(hana.get("/v1/notes").json["items"]) == 1
    with services_of(app).database.begin(tenant_id) as connection:
        rows = connection.execute(read_log.select().where(read_log.c.tenant_id == tenant_id)).all()
    read = sorted((row.reader_id, row.how, row.collection, tuple(row.record_ids)) for row in rows)
    assert read == [(HANA, "delivered", "notes", ("note-one",)), (HANA, "opened", "notes", ("note-one",))]


def test_every_kind_can_be_listed_and_is_empty_or_not(app: Flask, tenant_id: UUID) -> None:
    services = services_of(app)
    put(services, tenant_id, "schools", "school-one", name="North School")
    reader = caller(app, tenant_id, HANA)
    counts = {name: len(reader.get(f"/v1/{name}").json["items"]) for name in services.kinds}
    assert counts == dict.fromkeys(services.kinds, 0) | {"schools": 1, "people": 3, "role_grants": 3}
