"""A coach's and an observer's day: everything typed in the cellar arrives once, and only where it may."""

from __future__ import annotations

from random import Random

from tests.journeys.conftest import School
from tests.phones import AppNetwork, LossyNetwork

WORDS = [f"What I noticed, number {number}." for number in range(60)]


def test_a_day_in_the_cellar_arrives_once_and_only_where_it_may(school: School) -> None:
    for name in ("hana-host", "olga-observer", "otto-other"):
        school.person(name)
    bad = LossyNetwork(AppNetwork(school.app), Random(7), lose_request=0.2, lose_answer=0.3, duplicate=0.2)
    hana, otto = school.phone("hana-host"), school.phone("otto-other")
    olga = school.phone("olga-observer", network=bad)
    door = {"host_id": "hana-host", "people_ids": ["olga-observer"], "seats": 2, "state": "open"}
    invitation = hana.put("invitations", None, door)
    hana.sync()
    olga.ask("POST", f"/v1/invitations/{invitation}/claim")
    olga.sync()

    school.network("olga-observer", up=False)
    visit = {"host_id": "hana-host", "observer_ids": ["olga-observer"], "invitation_id": invitation}
    visit_id = olga.put("visits", None, visit | {"state": "under_way"})
    noticed = {"visit_id": visit_id, "note_kind": "noticing"}
    ids = [olga.put("notes", None, noticed | {"text": text, "at_ms": 1000}) for text in WORDS]
    olga.put("notes", ids[3], {"text": WORDS[3] + " Corrected."})
    olga.delete("notes", ids[4])
    olga.put("visits", visit_id, {"state": "captured"})
    school.network("olga-observer", up=True)

    while olga.pending():
        olga.sync()
    hana.sync()
    assert hana.list("notes") == []
    assert [visit["state"] for visit in hana.list("visits")] == ["captured"]

    olga.ask("POST", f"/v1/visits/{visit_id}/share")
    hana.sync()
    otto.sync()
    expected = sorted([*(WORDS[:3] + WORDS[5:]), WORDS[3] + " Corrected."])
    assert sorted(note["text"] for note in hana.list("notes")) == expected
    assert otto.list("notes") == otto.list("visits") == otto.list("invitations") == []
    assert list(olga.refused()) == []
    for phone in (hana, olga, otto):
        phone.sync()
        assert [pair for pair in phone.digest_check() if pair.here != pair.there] == []
