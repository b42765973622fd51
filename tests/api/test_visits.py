"""What observer and host do with the notes of a visit, and the forms in which they are read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.api.conftest import HANA, OLGA, PETRA
from tests.builders import Caller, put, services_of

pytestmark = pytest.mark.usefixtures("visit_id")


def take_note(who: Caller, note_id: str, **fields: Any) -> None:
    said = {"id": note_id, "visit_id": "visit-one", "note_kind": "noticing", "text": "Three asked."} | fields
    made = who.post("/v1/notes", said)
    assert made.status_code == 201, made.json


def states(who: Caller) -> dict[str, str]:
    return {note["id"]: note["state"] for note in who.get("/v1/notes").json["items"]}


def test_an_observer_shares_her_drafts_with_the_host(olga: Caller, hana: Caller) -> None:
    take_note(olga, "note-one")
    take_note(olga, "note-two")
    assert states(hana) == {}
    shared = olga.post("/v1/visits/visit-one/share")
    assert (shared.status_code, shared.json["state"]) == (200, "shared")
    assert states(hana) == {"note-one": "shared", "note-two": "shared"}
    assert olga.post("/v1/visits/visit-one/share").status_code == 200


def test_the_host_sees_how_many_drafts_wait_and_no_more(olga: Caller, hana: Caller, petra: Caller) -> None:
    take_note(olga, "note-one")
    assert hana.get("/v1/visits/visit-one/pending").json == {"items": [{"observer_id": OLGA, "count": 1}]}
    assert olga.get("/v1/visits/visit-one/pending").json["type"] == "/problems/not-allowed"
    assert petra.get("/v1/visits/visit-one/pending").json["type"] == "/problems/not-found"
    olga.post("/v1/visits/visit-one/share")
    assert hana.get("/v1/visits/visit-one/pending").json == {"items": []}


def test_the_host_releases_and_takes_back(olga: Caller, hana: Caller, petra: Caller) -> None:
    take_note(olga, "note-one")
    olga.post("/v1/visits/visit-one/share")
    assert petra.get("/v1/visits/visit-one").status_code == 404
    released = hana.post("/v1/visits/visit-one/release", {"people_ids": [PETRA]})
    assert (released.status_code, released.json["released_people_ids"]) == (200, [PETRA])
    assert states(petra) == {"note-one": "released"}
    assert petra.get("/v1/visits/visit-one").status_code == 200
    retracted = hana.post("/v1/visits/visit-one/retract")
    assert (retracted.status_code, retracted.json["released_people_ids"]) == (200, [])
    assert (states(petra), petra.get("/v1/visits/visit-one").status_code) == ({}, 404)
    assert states(olga) == {"note-one": "retracted"}


def test_only_the_host_releases(olga: Caller, petra: Caller) -> None:
    refused = olga.post("/v1/visits/visit-one/release", {"people_ids": [PETRA]})
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-allowed")
    for name in ("share", "retract"):
        unseen = petra.post(f"/v1/visits/visit-one/{name}")
        assert (unseen.status_code, unseen.json["type"]) == (404, "/problems/not-found")


def test_an_evaluator_is_not_let_in(app: Flask, tenant_id: UUID, hana: Caller) -> None:
    fields = {"display_name": "Eva", "roles": ["principal"]}
    put(services_of(app), tenant_id, "people", "eva-evaluates", **fields)
    put(services_of(app), tenant_id, "people", "hana-two", display_name="H", evaluator_ids=["eva-evaluates"])
    put(
        services_of(app),
        tenant_id,
        "visits",
        "visit-two",
        host_id="hana-two",
        observer_ids=[HANA],
        state="captured",
    )
    refused = hana.post("/v1/visits/visit-two/release", {"people_ids": ["eva-evaluates"]})
    assert refused.status_code == 403


def test_notes_are_a_text_track(olga: Caller, hana: Caller) -> None:
    take_note(olga, "note-one", at_ms=61_000)
    take_note(
        olga, "note-two", at_ms=120_000, until_ms=130_000, text="Silence --> then laughter", note_kind="quote"
    )
    take_note(olga, "note-not", text="Not timed")
    take_note(olga, "note-far", at_ms=2_000_000_000)
    track = olga.get("/v1/visits/visit-one/notes.vtt")
    assert (track.status_code, track.content_type) == (200, "text/vtt; charset=utf-8")
    assert track.text == (
        "WEBVTT\n\n"
        "note-one\n00:01:01.000 --> 00:01:06.000\n<v Olga-Observes>Three asked.\n\n"
        "note-two\n00:02:00.000 --> 00:02:10.000\n<v Olga-Observes>Silence --&gt; then laughter\n"
    )
    assert hana.get("/v1/visits/visit-one/notes.vtt").text == "WEBVTT\n"


def test_time_by_code_is_told_for_each_observer(olga: Caller, hana: Caller) -> None:
    for number, (at_ms, code) in enumerate([(0, "LT"), (60_000, "LQ"), (90_000, "LT"), (120_000, "END")]):
        take_note(
            olga,
            f"coded-{number:02}",
            note_kind="code",
            code=code,
            at_ms=at_ms,
            instrument="fill-plus",
            text=None,
        )
    (coded,) = olga.get("/v1/visits/visit-one/time").json["items"]
    assert (coded["observer_id"], coded["instrument"], coded["coded_ms"]) == (OLGA, "fill-plus", 120_000)
    assert coded["codes"] == [
        {"code": "LT", "ms": 90_000, "share": 0.75, "episodes": 2},
        {"code": "LQ", "ms": 30_000, "share": 0.25, "episodes": 1},
    ]
    assert hana.get("/v1/visits/visit-one/time").json == {"items": []}
