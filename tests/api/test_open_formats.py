"""Notes leave in open formats: just those that the asker may see, and the host learns of it."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from observation_tools.web_annotation import read_annotations
from observation_tools.webvtt import read_notes
from service.records.read_log import read_log
from tests.api.conftest import HANA, OLGA, PETRA
from tests.api.formats import FORMS, VISIT, forms
from tests.builders import Caller, put, services_of

pytestmark = pytest.mark.usefixtures("visit_id")


def ids_in(form: str, answer: TestResponse) -> set[str]:
    assert answer.status_code == 200, answer.json
    read = read_notes(answer.text) if form == "track" else read_annotations(answer.json)
    return {note.id for note in read.notes}


def logged(app: Flask, tenant_id: UUID) -> list[tuple[str, str, list[str]]]:
    with services_of(app).database.begin(tenant_id) as connection:
        rows = connection.execute(select(read_log).where(read_log.c.tenant_id == tenant_id))
        return [(row.reader_id, row.how, row.record_ids) for row in rows if row.how == "opened"]


@forms
def test_what_is_shown_is_what_the_asker_may_see(
    form: str, written: list[str], olga: Caller, hana: Caller, petra: Caller, stranger: Caller
) -> None:
    address = FORMS[form][0]
    assert ids_in(form, olga.get(address)) == set(written)
    assert ids_in(form, hana.get(address)) == set()
    assert olga.post(f"{VISIT}/share").status_code == 200
    late = {"id": "note-late", "visit_id": "visit-one", "note_kind": "noticing"}
    assert olga.post("/v1/notes", late).status_code == 201
    assert ids_in(form, hana.get(address)) == set(written)
    absent = hana.get(address.replace("visit-one", "visit-two"))
    for outsider in (petra, stranger):
        hidden = outsider.get(address)
        assert (hidden.status_code, hidden.data) == (404, absent.data)
    assert hana.post(f"{VISIT}/release", {"people_ids": [PETRA]}).status_code == 200
    assert ids_in(form, petra.get(address)) == set(written)
    assert hana.post(f"{VISIT}/retract").status_code == 200
    assert petra.get(address).status_code == 404


@pytest.mark.parametrize(
    ("address", "read"),
    [
        (f"{VISIT}/track.vtt", {0, 1}),
        (f"{VISIT}/notes.vtt", {0, 1}),
        (f"{VISIT}/track.vtt?kind=metadata", {0, 1, 2, 3, 4}),
        (f"{VISIT}/track.vtt?kind=chapters", {1}),
        (f"{VISIT}/annotations", {0, 1, 2, 3, 4}),
    ],
)
def test_what_of_others_was_shown_is_noted(
    app: Flask, tenant_id: UUID, written: list[str], olga: Caller, hana: Caller, address: str, read: set[int]
) -> None:
    olga.get(address)
    hana.get(address)
    assert logged(app, tenant_id) == []
    olga.post(f"{VISIT}/share")
    hana.get(address)
    assert logged(app, tenant_id) == [(HANA, "opened", [written[number] for number in sorted(read)])]


def test_a_track_of_notes_is_the_one_of_old(written: list[str], olga: Caller) -> None:
    track = olga.get(f"{VISIT}/track.vtt")
    assert (track.status_code, track.content_type) == (200, "text/vtt; charset=utf-8")
    assert track.text == olga.get(f"{VISIT}/track.vtt?kind=notes").text == olga.get(f"{VISIT}/notes.vtt").text
    assert "<v Olga-Observes>Three &lt;asked&gt;." in track.text
    wrong = olga.get(f"{VISIT}/track.vtt?kind=subtitles")
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["?kind"])


def test_chapters_tell_what_was_coded(app: Flask, tenant_id: UUID, olga: Caller) -> None:
    ends = {"started_at": "2026-11-21T09:00:00.000Z", "ended_at": "2026-11-21T09:02:00.000Z"}
    put(
        services_of(app),
        tenant_id,
        "visits",
        "visit-two",
        host_id=HANA,
        observer_ids=[OLGA],
        state="captured",
        **ends,
    )
    for number, (instrument, at_ms, code) in enumerate(
        [("fill", 0, "LT"), ("fill", 60_000, "LQ"), ("look", 30_000, "x")]
    ):
        said = {"note_kind": "code", "code": code, "at_ms": at_ms, "instrument": instrument}
        olga.post("/v1/notes", {"id": f"coded-{number:02}", "visit_id": "visit-two"} | said)
    assert olga.get("/v1/visits/visit-two/track.vtt?kind=chapters").text == (
        "WEBVTT chapters\n\n"
        "00:00:00.000 --> 00:00:30.000\nOlga-Observes fill: LT\n\n"
        "00:00:30.000 --> 00:01:00.000\nOlga-Observes fill: LT · Olga-Observes look: x\n\n"
        "00:01:00.000 --> 00:02:00.000\nOlga-Observes fill: LQ · Olga-Observes look: x\n"
    )
    assert olga.get(f"{VISIT}/track.vtt?kind=chapters").text == "WEBVTT chapters\n"


def test_annotations_say_what_they_are(written: list[str], olga: Caller) -> None:
    answer = olga.get(f"{VISIT}/annotations")
    assert answer.content_type == 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"'
    assert (answer.json["id"], answer.json["total"]) == ("urn:comewatch:visit:visit-one/annotations", 5)
    first = answer.json["first"]["items"][0]
    assert first["creator"] == {
        "id": f"urn:comewatch:person:{OLGA}",
        "type": "Person",
        "name": "Olga-Observes",
    }
    assert first["target"]["selector"]["value"] == "t=61,63.5"
