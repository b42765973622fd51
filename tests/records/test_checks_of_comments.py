"""Comments: on which recordings, who writes what of them, and what they answer."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.problems import Problem, Refused
from service.records import KINDS
from tests.records.cast import FAULT, HANA, NORA, NOT_ALLOWED, OLGA, OTTO, assert_refused, no
from tests.records.world import World

FILM, FIRST, NEW = "film-one", "comment-first", "comment-new"
SAID = {"media_id": FILM, "text": "Who talks here?"}


def film(world: World, film_id: str = FILM, **fields: Any) -> None:
    said = {"visit_id": "visit-one", "created_by": "olga", "state": "ready", "media_type": "video/mp4"}
    world.put("media", film_id, **said | fields)


@pytest.fixture
def lesson(world: World) -> World:
    """Olga filmed Hana's lesson, which Otto observed too; he has said something on it."""
    world.visit(observer_ids=["olga", "otto"], state="shared", released_people_ids=["otto"])
    film(world)
    world.put("comments", FIRST, **SAID, created_by="otto", at_ms=5_000)
    return world


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"at_ms": 0},
        {"at_ms": 5_000, "until_ms": 5_000},
        {"at_ms": 5_000, "until_ms": 9_000, "resolved": True},
        {"reply_to": FIRST},
        {"reply_to": "comment-reply", "at_ms": 7},
    ],
)
def test_on_all_of_it_a_point_or_a_piece_and_in_answer(lesson: World, fields: dict[str, Any]) -> None:
    lesson.put("comments", "comment-reply", **SAID, created_by="hana", reply_to=FIRST)
    taken = lesson.check(HANA, "comments", NEW, **SAID, **fields)
    assert {name: taken[name] for name in fields} == fields


@pytest.mark.parametrize(
    "fields",
    [
        {"consent_withdrawn_at": "2026-11-21T09:00:00.000Z"},
        *({"state": one} for one in ("quarantined", "abandoned", "incident_hold", "expiring", "deleted")),
    ],
)
def test_nothing_more_is_said_on_a_recording_that_is_gone(lesson: World, fields: dict[str, Any]) -> None:
    film(lesson, **fields)
    assert_refused(lesson, no(HANA, "comments", NEW, NOT_ALLOWED, "media_id", **SAID))
    assert lesson.check(OTTO, "comments", FIRST, text="Never mind.")["text"] == "Never mind."


def test_what_is_not_there_and_what_is_elsewhere_are_answered_alike(lesson: World) -> None:
    film(lesson, "film-two")
    lesson.put("comments", "comment-elsewhere", media_id="film-two", created_by="otto")
    told = []
    for reply_to in ("comment-none", "comment-elsewhere"):
        with pytest.raises(Refused) as caught:
            lesson.check(HANA, "comments", NEW, **SAID, reply_to=reply_to)
        assert (caught.value.problem, list(caught.value.errors)) == (FAULT, ["/fields/reply_to"])
        told.append((caught.value.detail, caught.value.errors))
    assert told[0] == told[1]


def test_the_host_says_that_it_is_settled_and_no_more(lesson: World) -> None:
    assert lesson.check(HANA, "comments", FIRST, resolved=True)["resolved"] is True
    for field, value in (("text", "Mine now."), ("at_ms", 6_000), ("until_ms", 9_000)):
        assert_refused(lesson, no(HANA, "comments", FIRST, NOT_ALLOWED, field, **{field: value}))
    for field, value in (("media_id", "film-two"), ("reply_to", FIRST)):
        assert_refused(lesson, no(OTTO, "comments", FIRST, NOT_ALLOWED, field, **{field: value}))
    assert_refused(lesson, no(OTTO, "comments", FIRST, FAULT, "until_ms", until_ms=4_999))


def test_its_author_and_the_host_write_it_and_its_author_deletes_it(lesson: World) -> None:
    kind, record = KINDS["comments"], lesson.records["comments", FIRST]
    may_write = {who.person_id: kind.may_write(who, record, lesson) for who in (HANA, OLGA, OTTO, NORA)}
    assert may_write == {"hana": True, "olga": False, "otto": True, "nora": False}
    may_delete = {who.person_id: kind.may_delete(who, record, lesson) for who in (HANA, OLGA, OTTO, NORA)}
    assert may_delete == {"hana": False, "olga": False, "otto": True, "nora": False}


def test_what_was_answered_stays(lesson: World) -> None:
    lesson.delete(OTTO, "comments", FIRST)
    lesson.put("comments", "comment-reply", **SAID, created_by="hana", reply_to=FIRST)
    with pytest.raises(Refused) as caught:
        lesson.delete(OTTO, "comments", FIRST)
    assert caught.value.problem is Problem.HAS_DEPENDENTS
