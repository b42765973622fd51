"""What stops a recording from being seen: consent withdrawn, an incident, its deletion; and what follows it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.problems import Problem, Refused
from tests.records.cast import HANA, NOT_ALLOWED, OLGA, assert_refused, no
from tests.records.world import SYSTEM, World, told

FILM = "film-one"
THEN, LATER = "2026-11-21T09:00:00.000Z", "2026-11-21T10:00:00.000Z"
WITHDRAWN = {"consent_withdrawn_at": THEN}


def media(world: World, media_id: str = FILM, **fields: Any) -> None:
    said = {"visit_id": "visit-one", "created_by": "olga", "state": "ready", "consent_basis": "adults_agreed"}
    world.put("media", media_id, **said | fields)


ABOUT = {"media_id": FILM, "visit_id": "visit-one"}


@pytest.fixture
def lesson(world: World) -> World:
    """Olga filmed Hana's lesson."""
    world.visit(observer_ids=["olga", "otto"], state="shared")
    media(world)
    return world


@pytest.mark.parametrize("actor", [HANA, OLGA], ids=["host", "author"])
@pytest.mark.parametrize(
    ("state", "then"),
    [
        ("declared", "abandoned"),
        ("uploading", "abandoned"),
        ("uploaded", "uploaded"),
        ("verified", "verified"),
        ("ready", "expiring"),
        ("incident_hold", "incident_hold"),
        ("quarantined", "quarantined"),
        ("abandoned", "abandoned"),
        ("expiring", "expiring"),
        ("deleted", "deleted"),
    ],
)
def test_without_consent_nothing_is_shown(lesson: World, actor: Any, state: str, then: str) -> None:
    media(lesson, state=state)
    assert lesson.check(actor, "media", FILM, **WITHDRAWN)["state"] == then


@pytest.mark.parametrize("said", [None, LATER])
def test_consent_that_was_withdrawn_stays_so(lesson: World, said: str | None) -> None:
    media(lesson, **WITHDRAWN)
    field = "consent_withdrawn_at"
    assert_refused(lesson, no(OLGA, "media", FILM, NOT_ALLOWED, field, consent_withdrawn_at=said))


@pytest.mark.parametrize("state", ["verified", "incident_hold"])
def test_no_state_outruns_a_withdrawal(lesson: World, state: str) -> None:
    media(lesson, state=state, **WITHDRAWN)
    assert lesson.check(SYSTEM, "media", FILM, state="ready")["state"] == "expiring"


def test_what_is_declared_without_consent_is_given_up(lesson: World) -> None:
    said = {"visit_id": "visit-one", "file_name": "lesson.mp4", **WITHDRAWN}
    assert lesson.check(OLGA, "media", "film-new", **said)["state"] == "abandoned"


def test_clips_lose_their_consent_with_their_recording(lesson: World) -> None:
    media(lesson, "clip-one", clip_of=FILM, created_by="hana")
    media(lesson, "clip-two", clip_of=FILM, consent_withdrawn_at=LATER)
    media(lesson, "clip-three", clip_of="film-two")
    assert told(lesson.effects(OLGA, "media", FILM, **WITHDRAWN)) == [
        ("noted", "consent_withdrawn", ABOUT),
        ("media", "clip-one", WITHDRAWN),
    ]
    assert told(lesson.effects(OLGA, "media", "clip-one", **WITHDRAWN)) == [
        ("noted", "consent_withdrawn", ABOUT | {"media_id": "clip-one"})
    ]


def test_clips_are_held_with_their_recording(lesson: World) -> None:
    media(lesson, "clip-one", clip_of=FILM, created_by="hana")
    media(lesson, "clip-two", clip_of=FILM, state="declared")
    held = {"state": "incident_hold"}
    assert told(lesson.effects(HANA, "media", FILM, **held)) == [
        ("noted", "media_held", ABOUT),
        ("media", "clip-one", held),
    ]


def test_other_changes_bring_nothing_about(lesson: World) -> None:
    media(lesson, "clip-one", clip_of=FILM)
    assert told(lesson.effects(OLGA, "media", FILM, wifi_only=True)) == []
    assert told(lesson.effects(SYSTEM, "media", FILM, state="expiring")) == []


@pytest.mark.parametrize("actor", [HANA, OLGA, SYSTEM], ids=["host", "author", "service"])
def test_nobody_deletes_what_is_held(lesson: World, actor: Any) -> None:
    media(lesson, state="incident_hold")
    with pytest.raises(Refused) as refused:
        lesson.delete(actor, "media", FILM)
    assert refused.value.problem is Problem.MEDIA_HELD
    media(lesson, state="ready")
    lesson.delete(actor, "media", FILM)
