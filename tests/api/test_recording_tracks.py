"""Notes of several phones lie on one recording, comments stand on it, and both leave and enter in open formats."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from observation_tools.web_annotation import read_annotations, read_comments
from observation_tools.webvtt import read_notes, read_webvtt
from tests.api.conftest import HANA, OLGA
from tests.builders import Caller, put, services_of

VISIT, FILM = "visit-one", "film-one"
MEDIA = f"/v1/media/{FILM}"
STARTS = {"started_at": "2026-11-21T09:00:40.000Z", "clock_offset_ms": -40_000}
FILMED = {"at": "2026-11-21T09:00:35.000Z", "clock_offset_ms": -25_000}


@pytest.fixture(autouse=True)
def film(app: Flask, tenant_id: UUID) -> None:
    """The lesson began at nine by a fast clock, the recording of its first minute ten seconds later by another."""
    there = {"host_id": HANA, "observer_ids": [OLGA], "released_people_ids": [OLGA], "state": "shared"}
    put(services_of(app), tenant_id, "visits", VISIT, **there | STARTS)
    says(app, tenant_id, FILM)


def says(app: Flask, tenant_id: UUID, media_id: str, **fields: Any) -> None:
    ready = {"state": "ready", "media_type": "video/mp4", "renditions": ["original"], "duration_ms": 60_000}
    agreed = {"visit_id": VISIT, "consent_basis": "adults_agreed"}
    put(services_of(app), tenant_id, "media", media_id, **ready | agreed | FILMED | fields)


def note(who: Caller, name: str, **fields: Any) -> None:
    said = {"id": f"note-of-{name}", "visit_id": VISIT, "note_kind": "noticing", "text": name} | fields
    assert who.post("/v1/notes", said).status_code == 201


def comment(who: Caller, name: str, **fields: Any) -> str:
    said = {"id": f"comment-{name}", "media_id": FILM, "text": name} | fields
    answer = who.post("/v1/comments", said)
    assert answer.status_code == 201, answer.json
    return f"comment-{name}"


def cues(who: Caller, kind: str = "notes", media_id: str = FILM) -> list[tuple[int, int, str]]:
    answer = who.get(f"/v1/media/{media_id}/track.vtt?kind={kind}")
    assert (answer.status_code, answer.mimetype) == (200, "text/vtt"), answer.json
    return [(cue.from_ms, cue.to_ms, cue.text) for cue in read_webvtt(answer.text).cues]


def test_a_note_lies_where_it_was_by_true_time(olga: Caller) -> None:
    note(olga, "slow", at="2026-11-21T09:00:05.000Z", clock_offset_ms=25_000, at_ms=99)
    note(olga, "told", at_ms=20_000, until_ms=24_000)
    note(olga, "before", at_ms=9_999)
    note(olga, "after", at_ms=70_001)
    note(olga, "across", at_ms=5_000, until_ms=12_000)
    note(olga, "untimed")
    assert cues(olga) == [
        (0, 2_000, "<v Olga-Observes>across"),
        (10_000, 14_000, "<v Olga-Observes>told"),
        (20_000, 25_000, "<v Olga-Observes>slow"),
    ]


def test_marks_are_moved_and_notes_follow(olga: Caller, hana: Caller) -> None:
    note(olga, "told", at_ms=20_000, until_ms=21_000)
    note(olga, "dated", at="2026-11-21T09:00:30.000Z", clock_offset_ms=0, until_ms=None)
    assert [cue[0] for cue in cues(olga)] == [10_000, 20_000]
    later = {"started_at": "2026-11-21T09:00:45.000Z"}
    assert hana.patch(f"/v1/visits/{VISIT}", later).status_code == 200
    assert [cue[0] for cue in cues(olga)] == [15_000, 20_000]
    assert hana.patch(MEDIA, {"start_mark_ms": 2_000}).status_code == 200
    assert [(cue[0], cue[2][-4:]) for cue in cues(olga)] == [(22_000, "told"), (27_000, "ated")]


def test_a_clip_shows_its_piece_of_the_lesson(app: Flask, tenant_id: UUID, olga: Caller) -> None:
    clip = {"clip_of": FILM, "from_ms": 8_000, "until_ms": 20_000, "duration_ms": 12_000}
    says(app, tenant_id, "clip-one", at=None, clock_offset_ms=None, **clip)
    note(olga, "told", at_ms=20_000, until_ms=21_000)
    note(olga, "later", at_ms=30_001)
    assert cues(olga, media_id="clip-one") == [(2_000, 3_000, "<v Olga-Observes>told")]


def test_what_was_coded_before_the_first_picture_runs_on_in_it(olga: Caller) -> None:
    for name, at_ms in (("LT", 0), ("SD", 4_000), ("LQ", 30_000)):
        note(olga, name, at_ms=at_ms, note_kind="code", code=name)
    assert cues(olga, "chapters") == [(0, 20_000, "SD"), (20_000, 60_000, "LQ")]


def test_all_that_lies_on_it_leaves_with_its_time(app: Flask, olga: Caller) -> None:
    note(olga, "slow", at="2026-11-21T09:00:05.000Z", clock_offset_ms=25_000)
    note(olga, "untimed", until_ms=9)
    note(olga, "before", at_ms=1)
    track = read_notes(olga.get(f"{MEDIA}/track.vtt?kind=metadata").text).notes
    document = olga.get(f"{MEDIA}/annotations").json
    public_url = services_of(app).settings.public_url
    assert document["id"] == f"{public_url}{MEDIA}/annotations"
    told = sorted(track, key=lambda one: one.id)
    assert told == sorted(read_annotations(document).notes, key=lambda one: one.id)
    assert [(one.id, one.at_ms, one.clock_offset_ms) for one in told] == [
        ("note-of-slow", 20_000, 25_000),
        ("note-of-untimed", None, None),
    ]


def test_a_note_is_on_it_for_whom_it_is_shown_to(olga: Caller, hana: Caller) -> None:
    note(olga, "told", at_ms=20_000)
    assert cues(hana) == []
    assert olga.post(f"/v1/visits/{VISIT}/share").status_code == 200
    assert len(cues(hana)) == 1


@pytest.mark.parametrize("address", ["track.vtt", "track.vtt?kind=comments", "annotations"])
def test_who_may_not_see_the_recording_is_told_nothing(
    app: Flask, tenant_id: UUID, hana: Caller, petra: Caller, address: str
) -> None:
    absent = hana.get(f"/v1/media/film-none/{address}")
    hidden = petra.get(f"{MEDIA}/{address}")
    assert (absent.status_code, hidden.status_code, hidden.data) == (404, 404, absent.data)
    says(app, tenant_id, "photo-one", media_type="image/jpeg", renditions=["photo"])
    assert hana.get(f"/v1/media/photo-one/{address}").status_code == 404
    assert hana.patch(MEDIA, {"consent_withdrawn_at": "2026-11-21T10:00:00Z"}).status_code == 200
    assert hana.get(f"{MEDIA}/{address}").status_code == 404


def commented(who: Caller, other: Caller) -> None:
    first = comment(who, "point", at_ms=5_000, resolved=False)
    second = comment(other, "reply", reply_to=first)
    comment(who, "again", reply_to=second, at_ms=1, until_ms=1)
    comment(other, "range", at_ms=7_000, until_ms=9_500, resolved=True, text="x < 2\n\n--> y")
    comment(other, "whole")


def told(who: Caller) -> list[tuple[Any, ...]]:
    """What the comments say, with what they answer in words."""
    read = read_comments(who.get(f"{MEDIA}/annotations?kind=comments").json).comments
    texts = {one.id: one.text for one in read}
    said = [(one.text, one.at_ms, one.until_ms, one.resolved, texts.get(one.reply_to or "")) for one in read]
    return sorted(said, key=str)


def test_comments_are_a_track_too(olga: Caller, hana: Caller) -> None:
    commented(olga, hana)
    assert cues(hana, "comments") == [
        (1, 5_000, "<v Olga-Observes>again"),
        (5_000, 7_000, "<v Olga-Observes>point"),
        (7_000, 9_500, "<v Hana-Host>x &lt; 2\n--&gt; y"),
    ]


def test_comments_leave_and_enter_without_loss(
    app: Flask, tenant_id: UUID, olga: Caller, hana: Caller
) -> None:
    commented(olga, hana)
    before, document = told(hana), hana.get(f"{MEDIA}/annotations?kind=comments").json
    ids = [one["id"].rpartition(":")[2] for one in document["first"]["items"]]
    for name in ("comment-again", "comment-reply", "comment-point", "comment-range", "comment-whole"):
        writer = olga if name in ("comment-again", "comment-point") else hana
        assert writer.delete(f"/v1/comments/{name}").status_code == 204
    assert told(hana) == []
    entered = hana.post(f"{MEDIA}/annotations", document)
    assert (entered.status_code, len(entered.json["comment_ids"])) == (201, len(ids))
    assert told(hana) == before
    again = hana.post(f"{MEDIA}/annotations", document)
    assert (again.status_code, again.json) == (200, entered.json)
    assert told(hana) == before


def test_comments_enter_for_who_sees_the_recording(olga: Caller, petra: Caller, nobody: Caller) -> None:
    said = {"type": "Annotation", "bodyValue": "hm", "target": "film.mp4#t=5"}
    assert petra.post(f"{MEDIA}/annotations", said).json["type"] == "/problems/not-found"
    assert nobody.post(f"{MEDIA}/annotations", said).json["type"] == "/problems/sign-in-required"
    unknown = said | {"target": ["film.mp4#t=5", "urn:comewatch:comment:comment-none"]}
    refused = olga.post(f"{MEDIA}/annotations", {"type": "AnnotationPage", "items": [said, unknown]})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["/items/1"]), refused.json
    assert told(olga) == []
    assert olga.post(f"{MEDIA}/annotations", said | {"target": "f#t=9,5"}).json["errors"].keys() == {
        "/target"
    }
