"""Clips: who may keep a piece of a recording, which piece, and what it has from its recording."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.problems import Problem
from tests.records.cast import FAULT, HANA, NORA, NOT_ALLOWED, OLGA, OTTO, Case, assert_refused, no
from tests.records.world import SYSTEM, World

FILM, CLIP = "film-one", "clip-new"
PIECE = {"visit_id": "visit-one", "clip_of": FILM, "from_ms": 1000, "until_ms": 6000}
HAS = {
    "note_id": None,
    "consent_basis": "adults_agreed",
    "media_type": "video/mp4",
    "file_name": "lesson.mp4",
}


def film(world: World, film_id: str = FILM, **fields: Any) -> None:
    said = {"visit_id": "visit-one", "created_by": "olga", "state": "ready", "duration_ms": 60_000}
    world.put("media", film_id, **HAS | said | fields)


@pytest.fixture
def lesson(world: World) -> World:
    """Olga filmed Hana's lesson, which Otto observed too; Hana has what was recorded of it."""
    world.visit(observer_ids=["olga", "otto"], state="shared")
    film(world)
    return world


@pytest.mark.parametrize("actor", [HANA, OLGA, SYSTEM], ids=lambda actor: actor.person_id)
def test_the_host_and_who_filmed_keep_a_piece(lesson: World, actor: Any) -> None:
    clip = lesson.check(actor, "media", CLIP, **PIECE)
    assert {field: clip[field] for field in HAS} == HAS


def test_a_piece_of_a_recording_of_a_note_stands_with_the_note(lesson: World) -> None:
    lesson.note(state="shared")
    film(lesson, note_id="note-one")
    assert lesson.check(HANA, "media", CLIP, **PIECE)["note_id"] == "note-one"


def test_what_a_clip_has_from_its_recording_is_not_its_phones_to_say(lesson: World) -> None:
    clip = lesson.check(OLGA, "media", CLIP, **PIECE, consent_basis="nobody_shown", media_type="image/png")
    assert {field: clip[field] for field in HAS} == HAS


def test_a_recording_that_is_not_there_and_one_that_she_does_not_see_are_told_alike(lesson: World) -> None:
    lesson.visit(observer_ids=["olga", "otto"], state="captured")
    told = []
    for clip_of in ("film-none", FILM):
        with pytest.raises(Exception) as caught:
            lesson.check(HANA, "media", CLIP, **PIECE | {"clip_of": clip_of})
        told.append(str(caught.value))
    assert told[0] == told[1]


WRONG = {
    "by who was not there": no(NORA, "media", CLIP, NOT_ALLOWED, None, **PIECE),
    "by another observer who reads it": no(OTTO, "media", CLIP, NOT_ALLOWED, "clip_of", **PIECE),
    "without an end": no(HANA, "media", CLIP, FAULT, "until_ms", **PIECE | {"until_ms": None}),
    "without a beginning": no(HANA, "media", CLIP, FAULT, "from_ms", **PIECE | {"from_ms": None}),
    "without a recording": no(HANA, "media", CLIP, FAULT, "clip_of", **PIECE | {"clip_of": None}),
    "of no length": no(HANA, "media", CLIP, FAULT, "until_ms", **PIECE | {"until_ms": 1000}),
    "of half a second": no(HANA, "media", CLIP, FAULT, "until_ms", **PIECE | {"until_ms": 1500}),
    "of negative length": no(HANA, "media", CLIP, FAULT, "until_ms", **PIECE | {"until_ms": 500}),
    "of more than ten minutes": no(HANA, "media", CLIP, FAULT, "until_ms", **PIECE | {"until_ms": 601_001}),
    "beyond the end": no(HANA, "media", CLIP, FAULT, "until_ms", **PIECE | {"until_ms": 60_001}),
    "with a size": no(OLGA, "media", CLIP, FAULT, "size_bytes", **PIECE, size_bytes=5),
    "with a checksum": no(OLGA, "media", CLIP, FAULT, "sha256", **PIECE, sha256="0" * 64),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=list(WRONG))
def test_refused(lesson: World, case: Case) -> None:
    lesson.visit(observer_ids=["olga", "otto"], state="shared", released_people_ids=["otto"])
    assert_refused(lesson, case)


@pytest.mark.parametrize(
    ("fields", "problem", "at"),
    [
        ({"clip_of": "film-two"}, FAULT, "clip_of"),
        ({"media_type": "image/jpeg"}, FAULT, "clip_of"),
        ({"consent_withdrawn_at": "2026-11-21T09:00:00.000Z"}, Problem.CONSENT_WITHDRAWN, "clip_of"),
        *(
            ({"state": state}, NOT_ALLOWED, "clip_of")
            for state in ("quarantined", "abandoned", "incident_hold", "expiring", "deleted")
        ),
    ],
)
def test_some_recordings_are_not_cut(
    lesson: World, fields: dict[str, Any], problem: Problem, at: str
) -> None:
    film(lesson, **fields)
    assert_refused(lesson, no(HANA, "media", CLIP, problem, at, **PIECE))


def test_a_clip_of_another_visit_is_refused(lesson: World) -> None:
    lesson.visit("visit-two", observer_ids=["olga"], state="shared")
    assert_refused(lesson, no(HANA, "media", CLIP, FAULT, "visit_id", **PIECE | {"visit_id": "visit-two"}))


def test_nobody_says_later_that_a_clip_has_a_file(lesson: World) -> None:
    lesson.put("media", CLIP, **HAS | PIECE | {"created_by": "olga"})
    assert_refused(lesson, no(OLGA, "media", CLIP, FAULT, "sha256", sha256="0" * 64))


def test_a_clip_outlives_its_recording(lesson: World) -> None:
    lesson.put("media", CLIP, **HAS | PIECE | {"created_by": "olga"})
    del lesson.records["media", FILM]
    assert lesson.check(OLGA, "media", CLIP, wifi_only=True)["clip_of"] == FILM
