"""Somebody leaves a studio: what was released to it leaves her phone, what is hers stays, and her late words are kept."""

from __future__ import annotations

from tests.journeys.conftest import School

STUDIO = "studio-who-talks"


def test_leaving_a_studio_takes_its_visits_along_and_nothing_else(school: School) -> None:
    for name in ("hana-host", "olga-observer", "lena-lead"):
        school.person(name)
    about = {"name": "Talk", "group_type": "studio", "question": "Who talks?", "lead_id": "hana-host"}
    school.put("groups", STUDIO, **about, state="running")
    hana, olga, lena = (school.phone(name) for name in ("hana-host", "olga-observer", "lena-lead"))
    joined = {"person_id": "lena-lead", "group_id": STUDIO, "state": "enrolled"}
    membership = lena.put("memberships", None, joined)
    lena.sync()
    assert list(lena.refused()) == []

    visit = {"host_id": "hana-host", "observer_ids": ["olga-observer"], "state": "captured"}
    visit_id = hana.put("visits", None, visit)
    hana.sync()
    olga.sync()
    note = {"visit_id": visit_id, "note_kind": "quote", "text": "“Why?”"}
    olga.put("notes", None, note)
    olga.sync()
    olga.ask("POST", f"/v1/visits/{visit_id}/share")
    hana.ask("POST", f"/v1/visits/{visit_id}/release", {"group_ids": [STUDIO]})
    lena.sync()
    assert [note["text"] for note in lena.list("notes")] == ["“Why?”"]

    lena.put("memberships", membership, {"state": "left"})
    lena.sync()
    lena.sync()
    assert lena.list("notes") == lena.list("visits") == []
    assert [pair for pair in lena.digest_check() if pair.here != pair.there] == []
    hana.sync()
    assert [note["state"] for note in hana.list("notes")] == ["released"]


def test_words_for_a_visit_that_was_lost_on_the_way_are_kept_for_their_author(school: School) -> None:
    """She lost sight of the record while she typed: her words come back to her, with the reason, and reach nobody else."""
    for name in ("hana-host", "olga-observer", "otto-other"):
        school.person(name)
    hana, olga = school.phone("hana-host"), school.phone("olga-observer")
    visit = {"host_id": "hana-host", "observer_ids": ["olga-observer", "otto-other"], "state": "under_way"}
    visit_id = hana.put("visits", None, visit)
    hana.sync()
    olga.sync()
    olga.put("visits", visit_id, {"focus": "Listen for the questions at the back."})
    hana.put("visits", visit_id, {"observer_ids": ["otto-other"]})
    hana.sync()
    olga.sync()
    olga.sync()
    assert olga.get("visits", visit_id) is None
    (refused,) = olga.refused()
    assert refused.fields["focus"] == "Listen for the questions at the back."
    (kept,) = olga.list("rejected_writes")
    assert (kept["problem"], "questions at the back" in kept["payload"]) == ("not-found", True)
    hana.sync()
    assert hana.list("rejected_writes") == []
