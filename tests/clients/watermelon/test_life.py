"""Unmodified WatermelonDB against the real server, through the client that docs/watermelondb.md prints."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sync.server import deadlines
from tests.clients.phone import rest
from tests.clients.school import HANA, OLGA, PETRA, School
from tests.clients.watermelon.conftest import DEBRIEF, Give
from tests.clients.watermelon_phones import WatermelonPhone

AT = 1_795_000_000_000
Phone = WatermelonPhone


def summary(phone: Phone) -> object:
    found = phone.get("debriefs", DEBRIEF)
    return found and found["summary"]


def edit(phone: Phone, said: str) -> None:
    phone.put("debriefs", DEBRIEF, summary=said)


def test_what_one_writes_the_other_reads(visit: str, hana: Phone, olga: Phone) -> None:
    olga.put(
        "notes",
        "note-0001",
        visit_id=visit,
        note_kind="quote",
        text="Why does it float?",
        at=AT,
        state="shared",
    )
    olga.put_many("notes", [{"visit_id": visit, "note_kind": "tally", "at_ms": 1500, "state": "shared"}])
    rest(olga, hana)
    note = hana.get("notes", "note-0001")
    assert note is not None
    assert (note["text"], note["at"], note["created_by"]) == ("Why does it float?", AT, OLGA)
    assert {len(i) for i in hana.all("notes")} == {9, 16}  # WatermelonDB's own ids are good here
    held = hana.get("visits", visit)
    assert held is not None
    assert json.loads(held["observer_ids"]) == [OLGA]


def test_a_phone_with_nothing_new_asks_once(hana: Phone) -> None:
    hana.asked()
    hana.sync()
    assert hana.asked() == ["GET watermelon"]


def test_a_field_is_cleared_and_a_record_deleted(visit: str, give: Give, olga: Phone) -> None:
    tablet = give(OLGA)
    olga.put("notes", "note-0001", visit_id=visit, note_kind="code", code="q2", at=AT)
    rest(olga, tablet)
    olga.put("notes", "note-0001", code=None, at=None)
    rest(olga, tablet)
    note = tablet.get("notes", "note-0001")
    assert note is not None
    assert (note["code"], note["at"]) == (None, None)
    tablet.remove("notes", "note-0001")
    rest(tablet, olga)
    assert olga.all("notes") == {}


def test_what_was_made_and_deleted_offline_leaves_no_trace(visit: str, olga: Phone) -> None:
    olga.put("notes", "note-0001", visit_id=visit, note_kind="quote", text="Never mind.")
    olga.remove("notes", "note-0001")
    rest(olga)
    assert olga.all("notes") == olga.all("rejected_writes") == {}


def test_both_edit_offline_and_both_texts_are_joined(debrief: str, hana: Phone, olga: Phone) -> None:
    edit(hana, "We both talked at length.")
    edit(olga, "We talked at great length.")
    rest(hana, olga)
    assert summary(hana) == summary(olga) == "We both talked at great length."
    assert olga.all("conflicts") == hana.all("conflicts") == {}


def test_both_edit_the_same_place_and_both_texts_are_kept(debrief: str, hana: Phone, olga: Phone) -> None:
    edit(hana, "We argued.")
    edit(olga, "We sang.")
    rest(hana, olga)
    assert summary(hana) == summary(olga) == "We sang."
    for phone in (hana, olga):
        (conflict,) = phone.all("conflicts").values()
        assert (conflict["kept"], conflict["other"]) == ("We sang.", "We argued.")


def test_answers_that_are_lost_with_more_typing_after_each(debrief: str, hana: Phone, olga: Phone) -> None:
    """Requests of a sync: rescue, pull, push. Each in turn loses its answer, and the person types on."""
    for nth, said in enumerate(("We sang.", "We sang loudly.", "We hummed."), 1):
        edit(olga, said)
        olga.sync_losing(nth)
    edit(olga, "We whispered.")
    rest(olga, hana)
    assert summary(hana) == "We whispered."
    assert olga.all("conflicts") == hana.all("conflicts") == olga.all("rejected_writes") == {}


def test_a_lost_answer_does_not_undo_what_another_wrote_since(debrief: str, hana: Phone, olga: Phone) -> None:
    edit(olga, "We sang.")
    olga.sync_losing(3)
    hana.sync()
    edit(hana, "We hummed.")
    rest(hana, olga)
    assert summary(olga) == summary(hana) == "We hummed."
    assert olga.all("conflicts") == {}


def test_a_new_record_whose_answer_was_lost_is_there_once(visit: str, hana: Phone, olga: Phone) -> None:
    olga.put("notes", "note-0001", visit_id=visit, note_kind="quote", text="One")
    olga.sync_losing(3)
    olga.put("notes", "note-0001", text="One, two", state="shared")
    olga.sync_losing(1)
    olga.put("notes", "note-0001", code="q2")
    rest(olga, hana)
    note = hana.get("notes", "note-0001")
    assert note is not None
    assert (note["text"], note["state"]) == ("One, two", "shared")


def test_words_typed_into_what_was_deleted_meanwhile_are_rescued(visit: str, give: Give, olga: Phone) -> None:
    tablet = give(OLGA)
    olga.put("notes", "note-0001", visit_id=visit, note_kind="quote", text="One")
    rest(olga, tablet)
    tablet.remove("notes", "note-0001")
    tablet.sync()
    olga.put("notes", "note-0001", text="One, two")
    rest(olga, tablet)
    assert olga.all("notes") == {}
    (kept,) = olga.all("rejected_writes").values()
    assert (kept["problem"], kept["record_id"]) == ("record-deleted", "note-0001")
    assert json.loads(kept["payload"])["fields"] == {"text": "One, two"}


@pytest.mark.parametrize("nth", [1, 2])
def test_words_typed_while_the_pull_is_on_its_way_are_rescued(
    visit: str, give: Give, olga: Phone, nth: int
) -> None:
    """Of a phone with something to send the rescue is the first request, the pull the second; of one without the pull is the first."""
    tablet = give(OLGA)
    olga.put("notes", "note-0001", visit_id=visit, note_kind="quote", text="One")
    rest(olga, tablet)
    tablet.remove("notes", "note-0001")
    tablet.sync()
    if nth == 2:
        olga.put("notes", "note-0001", code="q2")
    assert olga.sync_until(nth)
    olga.put("notes", "note-0001", text="One, two")
    olga.go_on()
    rest(olga, tablet)
    assert olga.all("notes") == {}
    kept = [json.loads(one["payload"])["fields"] for one in olga.all("rejected_writes").values()]
    assert {"text": "One, two"} in [{name: each[name] for name in each if name == "text"} for each in kept]


def test_words_typed_into_what_she_may_no_longer_see_are_rescued(
    school: School, debrief: str, hana: Phone, olga: Phone
) -> None:
    rest(hana, olga)
    school.put("visits", "visit-0001", observer_ids=[PETRA])
    edit(olga, "We sang, I thought.")
    rest(olga, hana)
    assert olga.get("visits", "visit-0001") is None
    assert olga.get("debriefs", DEBRIEF) is None
    (kept,) = olga.all("rejected_writes").values()
    assert json.loads(kept["payload"])["fields"] == {"summary": "We sang, I thought."}
    assert summary(hana) == "We talked at length."


def test_a_refused_edit_gives_way_to_the_truth(visit: str, hana: Phone, olga: Phone) -> None:
    olga.put("notes", "note-0001", visit_id=visit, note_kind="quote", text="One", state="shared")
    rest(olga, hana)
    olga.put("notes", "note-0001", text="Two")
    hana.put("notes", "note-0002", visit_id=visit, note_kind="quote", text="I am no observer here.")
    rest(olga, hana)
    note = olga.get("notes", "note-0001")
    assert note is not None
    assert note["text"] == "One"
    assert [kept["problem"] for kept in olga.all("rejected_writes").values()] == ["note-is-shared"]
    assert [kept["problem"] for kept in hana.all("rejected_writes").values()] == ["not-allowed"]


def test_a_record_that_waits_too_long_for_its_parent_goes_with_its_words_kept(
    school: School, olga: Phone
) -> None:
    olga.put("notes", "note-0001", visit_id="visit-lost", note_kind="quote", text="Too early")
    olga.sync()
    assert [note["text"] for note in olga.all("notes").values()] == ["Too early"]
    with school.services.database.begin(school.tenant_id) as connection:
        later = school.services.now() + timedelta(days=6)
        assert deadlines.give_up(connection, school.services.door, school.tenant_id, later) == 1
    rest(olga)
    assert olga.all("notes") == {}
    assert [kept["problem"] for kept in olga.all("rejected_writes").values()] == ["parent-unknown"]


def test_killed_and_started_again_it_goes_on(debrief: str, hana: Phone, olga: Phone) -> None:
    edit(olga, "We sang.")
    olga.go(online=False)
    assert olga.fails_to_sync()
    olga.restart()
    olga.go(online=True)
    assert olga.waiting() == [DEBRIEF]
    rest(olga, hana)
    assert summary(hana) == "We sang."


@pytest.mark.parametrize("number", [5, 6, 7])
def test_pages_of_three_and_one_that_ends_where_a_page_does(
    visit: str, give: Give, olga: Phone, number: int
) -> None:
    notes = [
        {"id": f"note-{n:04}", "visit_id": visit, "note_kind": "tally", "at_ms": n} for n in range(number)
    ]
    olga.put_many("notes", notes)
    rest(olga)
    second = give(OLGA, limit=3)
    rest(second)
    assert sorted(second.all("notes")) == [note["id"] for note in notes]


def test_hundreds_of_records_in_pages_over_a_bad_network(
    visit: str, give: Give, hana: Phone, olga: Phone
) -> None:
    rows = [
        {"id": f"note-{n:04}", "visit_id": visit, "note_kind": "tally", "at_ms": n, "state": "shared"}
        for n in range(300)
    ]
    olga.put_many("notes", rows)
    olga.sync()
    slow = give(HANA, limit=50)
    assert len(slow.all("notes")) == 300
    hana.sync()
    slow.remove("visits", visit)  # not hers to delete while it has notes: it comes back
    slow.lose(0.3)
    for n in range(5):
        hana.put("notes", f"note-{n:04}", state="released")
        hana.sync()
        slow.fails_to_sync()
    slow.lose(0)
    rest(slow, olga)
    assert slow.get("notes", "note-0004") == olga.get("notes", "note-0004")
    assert {n["state"] for n in slow.all("notes").values()} == {"shared", "released"}
