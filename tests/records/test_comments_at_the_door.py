"""Comments through the real door: whoever sees the recording reads and answers, for as long as she does."""

from __future__ import annotations

import pytest

from tests.records.at_the_door import VISIT, District, person

FILM, ONE, TWO = "film-one-1", "comment-one-1", "comment-two-2"
SAID = {"media_id": FILM, "text": "Who talks here?", "at_ms": 5_000}


@pytest.fixture
def filmed(district: District) -> District:
    """Olga has filmed Hana's lesson, which Otto observed too; the visit is shared. Eva evaluates Hana."""
    district.opens_door()
    district.claims("olga")
    district.claims("otto")
    district.push("system", ("people", person("hana"), {"evaluator_ids": [person("eva")]}))
    district.visits(observer_ids=[person("olga"), person("otto")])
    said = {"visit_id": VISIT, "media_type": "video/mp4", "consent_basis": "adults_agreed"}
    assert district.says("olga", "media", FILM, **said).status == "applied"
    assert district.says("olga", "visits", VISIT, state="shared").status == "applied"
    return district


def became(district: District, name: str, comment_id: str, **fields: object) -> str:
    outcome = district.says(name, "comments", comment_id, **fields)
    return (
        str(outcome.problem["type"]).removeprefix("/problems/") if outcome.problem else outcome.status.value
    )


def test_they_are_read_by_who_sees_the_recording_and_no_longer(filmed: District) -> None:
    assert became(filmed, "hana", ONE, **SAID) == "applied"
    assert became(filmed, "olga", TWO, **SAID, reply_to=ONE) == "applied"
    assert filmed.readers("comments", ONE) == filmed.readers("media", FILM) == "hana olga"
    filmed.says("hana", "visits", VISIT, released_people_ids=[person("nora")])
    for comment_id in (ONE, TWO):
        assert (
            filmed.readers("comments", comment_id) == filmed.readers("media", FILM) == "hana olga otto nora"
        )
    assert became(filmed, "nora", "comment-of-nora", **SAID, reply_to=TWO) == "applied"
    filmed.says("hana", "visits", VISIT, released_people_ids=[])
    for comment_id in (ONE, TWO, "comment-of-nora"):
        assert filmed.readers("comments", comment_id) == "hana olga"
    assert became(filmed, "nora", "comment-of-nora", text="Still mine?") == "not-found"


def test_they_follow_the_note_of_their_recording(filmed: District) -> None:
    filmed.notes()
    said = {"visit_id": VISIT, "note_id": "note-one-1", "consent_basis": "adults_agreed"}
    assert filmed.says("olga", "media", "film-of-note", **said).status == "applied"
    assert became(filmed, "olga", ONE, **SAID | {"media_id": "film-of-note"}) == "applied"
    for who, state, readers in (
        ("olga", "shared", "hana olga"),
        ("hana", "released", "hana olga otto"),
        ("hana", "retracted", "hana olga"),
    ):
        filmed.says(who, "notes", "note-one-1", state=state)
        assert filmed.readers("comments", ONE) == readers


def test_who_does_not_see_the_recording_does_not_speak_on_it(filmed: District) -> None:
    for name in ("otto", "nora", "eva"):
        assert became(filmed, name, f"comment-of-{name}", **SAID) == "held"
    assert became(filmed, "hana", ONE, **SAID) == "applied"
    assert became(filmed, "nora", ONE, resolved=True) == "not-found"
    assert became(filmed, "nora", TWO, **SAID, reply_to=ONE) == "held"


def test_the_host_or_its_author_says_that_it_is_settled(filmed: District) -> None:
    assert became(filmed, "olga", ONE, **SAID) == "applied"
    assert became(filmed, "hana", ONE, resolved=True) == "applied"
    assert became(filmed, "hana", ONE, text="Mine now.") == "not-allowed"
    assert became(filmed, "olga", ONE, resolved=False) == "applied"
    assert became(filmed, "hana", TWO, **SAID) == "applied"
    assert became(filmed, "olga", TWO, resolved=True) == "not-allowed"


def test_what_was_answered_is_not_deleted_under_the_answer(filmed: District) -> None:
    became(filmed, "hana", ONE, **SAID)
    became(filmed, "olga", TWO, **SAID, reply_to=ONE)
    (kept,) = filmed.push("hana", ("comments", ONE, {}), deleted=True)
    assert kept.problem is not None
    assert kept.problem["type"] == "/problems/has-dependents"
    for who, comment_id in (("olga", TWO), ("hana", ONE)):
        (gone,) = filmed.push(who, ("comments", comment_id, {}), deleted=True)
        assert (gone.status, filmed.readers("comments", comment_id)) == ("applied", "")
