"""From draft to retracted through the real door: each step moves who reads, and nobody else ever does."""

from __future__ import annotations

import pytest

from tests.records.at_the_door import DOOR, VISIT, District, person

NOTE = "note-one-1"


@pytest.fixture
def visited(district: District) -> District:
    """Olga and Otto have visited Hana; Olga has a draft; Nora is in a studio with Hana."""
    district.opens_door()
    district.claims("olga")
    district.claims("otto")
    studio = {"name": "Talk", "group_type": "studio", "question": "Who talks?", "lead_id": person("hana")}
    district.says("hana", "groups", "studio-one", **studio | {"state": "running"})
    joins = {"person_id": person("nora"), "group_id": "studio-one", "state": "enrolled"}
    assert district.says("nora", "memberships", "nora-joins", **joins).status == "applied"
    district.visits(observer_ids=[person("olga"), person("otto")])
    assert district.notes().status == "applied"
    return district


def problem(district: District, name: str, note_id: str = NOTE, **fields: object) -> str:
    outcome = district.says(name, "notes", note_id, **fields)
    assert outcome.problem is not None, outcome
    return str(outcome.problem["type"]).removeprefix("/problems/")


def test_a_draft_is_its_authors(visited: District) -> None:
    assert visited.readers("notes", NOTE) == "olga"
    assert problem(visited, "hana", state="released") == "not-found"
    assert problem(visited, "otto", text="Mine now.") == "not-found"


def test_shared_released_and_taken_back(visited: District) -> None:
    assert visited.says("olga", "notes", NOTE, state="shared").status == "applied"
    assert visited.readers("notes", NOTE) == "hana olga"
    assert visited.says("hana", "notes", NOTE, state="released").status == "applied"
    assert visited.readers("notes", NOTE) == "hana olga otto"
    visited.says("hana", "visits", VISIT, released_group_ids=["studio-one"])
    assert visited.readers("notes", NOTE) == "hana olga otto nora"
    assert visited.readers("visits", VISIT) == "hana olga otto nora"
    visited.says("hana", "notes", NOTE, state="retracted")
    visited.says("hana", "visits", VISIT, released_group_ids=[])
    assert visited.readers("notes", NOTE) == "hana olga"
    assert visited.readers("visits", VISIT) == "hana olga otto"
    assert problem(visited, "olga", state="released") == "illegal-move"
    assert visited.says("hana", "notes", NOTE, state="released").status == "applied"
    assert visited.readers("notes", NOTE) == "hana olga otto"


def test_who_joins_the_studio_later_reads_what_was_released_to_it(visited: District) -> None:
    visited.says("olga", "notes", NOTE, state="shared")
    visited.says("hana", "notes", NOTE, state="released")
    visited.says("hana", "visits", VISIT, released_group_ids=["studio-one"])
    joins = {"person_id": person("eva"), "group_id": "studio-one", "state": "enrolled"}
    visited.says("eva", "memberships", "eva-joins", **joins)
    assert visited.readers("notes", NOTE) == "hana olga otto nora eva"
    visited.says("nora", "memberships", "nora-joins", state="left")
    assert visited.readers("notes", NOTE) == "hana olga otto eva"


def test_a_shared_note_keeps_its_words(visited: District) -> None:
    visited.says("olga", "notes", NOTE, state="shared")
    assert problem(visited, "olga", text="Four.") == "note-is-shared"
    assert problem(visited, "hana", text="All of them.") == "not-allowed"
    assert problem(visited, "olga", state="released") == "illegal-move"
    note = visited.sees("hana", "notes", NOTE)
    assert note is not None
    assert (note["text"], note["state"]) == ("Three pupils asked.", "shared")


def test_a_note_that_was_written_and_shared_before_it_arrived(visited: District) -> None:
    assert visited.notes(note_id="note-two-2", state="shared").status == "applied"
    assert visited.readers("notes", "note-two-2") == "hana olga"


def test_a_visit_is_shared_by_an_observer_only(visited: District) -> None:
    refused = visited.says("hana", "visits", VISIT, state="shared")
    assert refused.status == "rejected"
    assert visited.says("otto", "visits", VISIT, state="shared").status == "applied"
    assert visited.state("hana", "visits", VISIT) == "shared"


def test_only_observers_take_notes(visited: District) -> None:
    assert problem(visited, "hana", "note-of-hana", visit_id=VISIT, note_kind="noticing") == "not-allowed"
    assert visited.notes("nora", "note-of-nora").status == "held", "she knows of no such visit"
    assert visited.notes("anna", "note-of-anna").status == "held", "nor does an administrator"


def test_next_steps_when_the_host_asked(visited: District) -> None:
    said = {"visit_id": VISIT, "note_kind": "next_step", "text": "Wait longer."}
    assert problem(visited, "olga", "note-step-1", **said) == "next-steps-not-asked"
    visited.says("hana", "invitations", DOOR, next_steps_welcome=True)
    assert visited.says("olga", "notes", "note-step-1", **said).status == "applied"


def test_a_photo_moves_with_its_note_and_with_its_visit(visited: District) -> None:
    visited.says("olga", "media", "photo-of-note", visit_id=VISIT, note_id=NOTE)
    visited.says("otto", "media", "photo-of-visit", visit_id=VISIT)
    assert visited.readers("media", "photo-of-note") == "olga"
    assert visited.readers("media", "photo-of-visit") == "otto"
    visited.says("olga", "notes", NOTE, state="shared")
    assert visited.readers("media", "photo-of-note") == "hana olga"
    visited.says("olga", "visits", VISIT, state="shared")
    assert visited.readers("media", "photo-of-visit") == "hana otto"
    visited.says("hana", "visits", VISIT, released_people_ids=[person("nora")])
    assert visited.readers("media", "photo-of-visit") == "hana olga otto nora"
    assert visited.readers("media", "photo-of-note") == "hana olga"


def test_the_talk_afterwards_is_of_those_who_were_there(visited: District) -> None:
    visited.says("hana", "visits", VISIT, released_group_ids=["studio-one"])
    visited.says("olga", "debriefs", "debrief-one", visit_id=VISIT, minutes=20, state="held")
    visited.says("hana", "next_steps", "step-one-1", visit_id=VISIT, debrief_id="debrief-one", text="Wait.")
    assert visited.readers("debriefs", "debrief-one") == "hana olga otto"
    assert visited.readers("next_steps", "step-one-1") == "hana olga otto"
    assert visited.says("otto", "debriefs", "debrief-one", summary="We talked.").status == "applied"
    assert visited.says("otto", "next_steps", "step-one-1", state="tried").status == "rejected"
    assert visited.says("hana", "next_steps", "step-one-1", state="tried").status == "applied"


def test_a_draft_is_deleted_by_its_author_and_a_shared_note_by_nobody(visited: District) -> None:
    visited.notes(note_id="note-two-2", state="shared")
    assert visited.push("olga", ("notes", "note-two-2", {}), deleted=True)[0].status == "rejected"
    assert visited.push("olga", ("notes", NOTE, {}), deleted=True)[0].status == "applied"
    assert visited.readers("notes", NOTE) == ""


def test_a_new_evaluator_pauses_what_she_could_read(visited: District) -> None:
    visited.says("olga", "notes", NOTE, state="shared")
    visited.says("hana", "notes", NOTE, state="released")
    visited.says(
        "hana", "visits", VISIT, released_group_ids=["studio-one"], released_people_ids=[person("eva")]
    )
    assert visited.readers("notes", NOTE) == "hana olga otto nora eva"
    assert visited.says("anna", "people", person("hana"), evaluator_ids=[person("eva")]).status == "applied"
    assert visited.readers("notes", NOTE) == "hana olga"
    assert visited.readers("visits", VISIT) == "hana olga otto"
    visit = visited.sees("hana", "visits", VISIT)
    assert visit is not None
    assert (visit["released_group_ids"], visit["released_people_ids"]) == ([], [])
    again = visited.says("hana", "visits", VISIT, released_people_ids=[person("eva")])
    assert again.problem is not None
    assert again.problem["type"] == "/problems/evaluator-excluded"
    joins = {"person_id": person("eva"), "group_id": "studio-one", "state": "enrolled"}
    assert visited.says("eva", "memberships", "eva-joins", **joins).status == "rejected"


def test_an_administrator_sees_nothing_of_a_visit(visited: District) -> None:
    visited.says("olga", "notes", NOTE, state="shared")
    for collection, record_id in (("visits", VISIT), ("notes", NOTE)):
        assert visited.sees("anna", collection, record_id) is None
