"""Who becomes a host's evaluator loses what was shared, is asked about, and comes back by her word alone."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.records.media import CONSENT_BASES
from sync.changes import Record
from tests.records.at_the_door import VISIT, District, person

NOTE, FILM, COMMENT = "note-one-1", "film-one-1", "comment-one-1"
ALL = {
    "visits": VISIT,
    "notes": NOTE,
    "debriefs": "debrief-one",
    "next_steps": "step-one-1",
    "media": FILM,
    "comments": COMMENT,
}


@pytest.fixture
def shared(district: District) -> District:
    """Olga and Otto visited Hana; Olga's note is released, there is a film of hers, a comment, a debrief, a next step."""
    district.opens_door()
    district.claims("olga")
    district.claims("otto")
    district.visits(observer_ids=[person("olga"), person("otto")])
    district.notes()
    says = district.says
    says("olga", "notes", NOTE, state="shared")
    says("hana", "notes", NOTE, state="released")
    says("olga", "visits", VISIT, state="shared")
    says("hana", "visits", VISIT, released_people_ids=[person("nora")])
    says("olga", "media", FILM, visit_id=VISIT, media_type="video/mp4", consent_basis=CONSENT_BASES[0])
    says("olga", "comments", COMMENT, media_id=FILM, text="Here.")
    says("hana", "debriefs", "debrief-one", visit_id=VISIT)
    says("hana", "next_steps", "step-one-1", visit_id=VISIT, text="Wait longer.")
    return district


def reads(district: District, name: str) -> set[str]:
    return {collection for collection, one in ALL.items() if district.sees(name, collection, one)}


def evaluates(district: District, *names: str) -> None:
    said = [person(name) for name in names]
    assert district.says("anna", "people", person("hana"), evaluator_ids=said).status == "applied"


def pause_of(district: District, name: str = "hana") -> Record:
    with district.database.begin(district.tenant) as connection:
        found = connection.exec_driver_sql(
            f"SELECT id FROM pauses WHERE tenant_id = '{district.tenant}'"
        ).scalar_one()
    record: Any = district.sees(name, "pauses", found)
    assert record is not None
    return dict(record)


def test_everything_of_the_hosts_visits_leaves_who_becomes_her_evaluator(shared: District) -> None:
    assert reads(shared, "otto") == set(ALL)
    evaluates(shared, "otto")
    assert reads(shared, "otto") == set()
    assert reads(shared, "hana") == set(ALL)
    assert reads(shared, "olga") == set(ALL)


def test_the_host_alone_is_asked_and_alone_answers(shared: District) -> None:
    evaluates(shared, "otto")
    pause = pause_of(shared)
    assert (pause["state"], pause["evaluator_id"], pause["ended_at"]) == ("asked", person("otto"), None)
    assert shared.readers("pauses", pause["id"]) == "hana"
    for name in ("otto", "anna", "olga"):
        assert shared.says(name, "pauses", pause["id"], state="lifted").status == "rejected"
    assert shared.says("otto", "pauses", "pause-of-mine", person_id=person("otto")).status == "rejected"
    assert reads(shared, "otto") == set()


def test_he_sees_again_by_her_word_and_she_may_take_it_back(shared: District) -> None:
    evaluates(shared, "otto")
    pause_id = pause_of(shared)["id"]
    assert shared.says("hana", "pauses", pause_id, state="lifted").status == "applied"
    assert reads(shared, "otto") == set(ALL) - {"notes", "media", "comments"}
    shared.says("hana", "notes", NOTE, state="released")
    shared.says("hana", "visits", VISIT, released_people_ids=[person("otto")])
    assert reads(shared, "otto") == set(ALL)
    assert shared.says("hana", "pauses", pause_id, state="kept").status == "applied"
    assert reads(shared, "otto") == set()
    assert shared.noted()[-2:] == ["evaluator_readmitted", "evaluator_kept_out"]


def test_that_it_ended_restores_nothing_without_her_word(shared: District) -> None:
    evaluates(shared, "otto")
    evaluates(shared)
    pause = pause_of(shared)
    assert (pause["state"], bool(pause["ended_at"])) == ("asked", True)
    assert reads(shared, "otto") == set()
    again = shared.says("hana", "visits", VISIT, released_people_ids=[person("otto")])
    assert (again.problem or {})["type"] == "/problems/evaluator-excluded"
    shared.says("hana", "pauses", pause["id"], state="lifted")
    assert "visits" in reads(shared, "otto")


def test_who_evaluates_her_again_is_asked_about_again(shared: District) -> None:
    evaluates(shared, "otto")
    shared.says("hana", "pauses", pause_of(shared)["id"], state="lifted")
    evaluates(shared)
    assert "visits" in reads(shared, "otto")
    shared.forward(days=1)
    evaluates(shared, "otto")
    assert (pause_of(shared)["state"], pause_of(shared)["ended_at"]) == ("asked", None)
    assert reads(shared, "otto") == set()


def test_what_he_wrote_himself_stays_his(shared: District) -> None:
    draft = {"visit_id": VISIT, "note_kind": "noticing", "text": "Mine."}
    shared.says("otto", "notes", "note-of-otto", **draft)
    evaluates(shared, "otto")
    assert shared.readers("notes", "note-of-otto") == "otto"
    assert shared.says("otto", "notes", "note-of-otto", state="shared").status == "applied"
    assert shared.readers("notes", "note-of-otto") == "hana otto"
