"""Unmodified RxDB against the real server, through the client that docs/rxdb.md prints."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from sync.server import deadlines
from tests.builders import services_of
from tests.clients.driver import Failed, Pool
from tests.clients.phone import rest
from tests.clients.rxdb.conftest import VISIT, Give, note, rejected
from tests.clients.rxdb_phones import RxdbPhone, published
from tests.clients.school import HANA, OLGA, School


def test_the_published_schemas_are_such_as_rxdb_takes(rxdb: Pool, school: School) -> None:
    driver = rxdb.take()
    schemas = published(school.server)
    for kind in schemas.values():
        driver.do("check", schema=kind["schema"])
    reserved = schemas["notes"]["schema"]["properties"] | {"collection": {"type": "string"}}
    with pytest.raises(Failed, match="SC17"):
        driver.do("check", schema=schemas["notes"]["schema"] | {"properties": reserved})
    rxdb.give_back(driver)


def test_a_note_travels(hana: RxdbPhone, olga: RxdbPhone, visit: str) -> None:
    note(olga, "note-0001", "Four tables argue.", at_ms=61_000)
    rest(hana, olga)
    assert hana.all("notes") == {}  # a draft is its author's alone
    olga.put("notes", "note-0001", state="shared")
    rest(hana, olga)
    held = hana.get("notes", "note-0001") or {}
    assert (held["text"], held["state"], held["created_by"]) == ("Four tables argue.", "shared", OLGA)


@pytest.mark.parametrize("number", [5, 6, 7])
def test_pages_of_three_and_one_that_ends_where_a_page_does(
    give: Give, olga: RxdbPhone, visit: str, number: int
) -> None:
    for one in range(number):
        note(olga, f"note-{one:04}", f"Noticed {one}.")
    rest(olga)
    second = give(OLGA, limit=3)
    rest(second)
    assert sorted(second.all("notes")) == [f"note-{one:04}" for one in range(number)]


def test_two_hundred_and_fifty_notes(give: Give, olga: RxdbPhone, visit: str) -> None:
    rows = [{"id": f"note-{n:04}", "visit_id": VISIT, "note_kind": "tally", "at_ms": n} for n in range(250)]
    olga.put_many("notes", rows)
    second = give(OLGA, limit=100)
    rest(olga, second)
    assert sorted(one["at_ms"] for one in second.all("notes").values()) == list(range(250))


def test_offline_edits_of_both_become_one_text(hana: RxdbPhone, olga: RxdbPhone, visit: str) -> None:
    for phone in (hana, olga):
        phone.go(online=False)
    hana.put("visits", visit, focus="and why: who asks questions today")
    olga.put("visits", visit, focus="who asks questions today in table four")
    for phone in (hana, olga):
        phone.go(online=True)
    rest(hana, olga)
    assert (olga.get("visits", visit) or {})["focus"] == "and why: who asks questions today in table four"


def test_the_same_words_become_a_conflict_that_both_can_read(
    hana: RxdbPhone, olga: RxdbPhone, visit: str
) -> None:
    olga.go(online=False)
    hana.put("visits", visit, focus="who answers today")
    rest(hana)
    olga.put("visits", visit, focus="who interrupts today")
    olga.go(online=True)
    rest(olga, hana)
    assert (hana.get("visits", visit) or {})["focus"] == "who interrupts today"
    for phone in (hana, olga):
        assert [one["other"] for one in phone.all("conflicts").values()] == ["who answers today"]


def test_a_field_is_cleared(hana: RxdbPhone, olga: RxdbPhone, visit: str) -> None:
    note(olga, "note-0001", "Four tables argue.", at_ms=5, code="Q")
    rest(olga)
    olga.put("notes", "note-0001", code=None)
    olga.unset("notes", "note-0001", "at_ms")
    rest(olga)
    held = olga.get("notes", "note-0001") or {}
    assert (held["code"], held["at_ms"], held["text"]) == (None, None, "Four tables argue.")


def test_a_note_is_deleted(give: Give, olga: RxdbPhone, visit: str) -> None:
    second = give(OLGA)
    note(olga, "note-0001", "Four tables argue.")
    rest(olga, second)
    second.remove("notes", "note-0001")
    rest(second, olga)
    assert olga.all("notes") == {}


def test_an_edit_of_what_was_deleted_is_kept_beside(give: Give, olga: RxdbPhone, visit: str) -> None:
    second = give(OLGA)
    note(olga, "note-0001", "Four tables argue.")
    rest(olga, second)
    second.go(online=False)
    second.put("notes", "note-0001", text="Five tables argue.")
    olga.remove("notes", "note-0001")
    rest(olga)
    second.go(online=True)
    rest(second, olga)
    assert second.all("notes") == {}
    ((_, problem, payload),) = rejected(olga)
    assert problem == "record-deleted"
    assert "Five tables argue." in payload


def test_who_is_sent_away_while_typing_keeps_her_words(hana: RxdbPhone, olga: RxdbPhone, visit: str) -> None:
    olga.go(online=False)
    olga.put("visits", visit, focus="my own long thought")
    hana.put("visits", visit, observer_ids=[])
    rest(hana)
    olga.go(online=True)
    rest(olga, hana)
    assert olga.all("visits") == {}
    ((collection, problem, payload),) = rejected(olga)
    assert (collection, problem) == ("visits", "not-found")
    assert "my own long thought" in payload
    assert rejected(hana) == []


def test_what_a_group_shared_leaves_with_its_member(give: Give, school: School) -> None:
    hana, olga = (give(person, more=("groups", "memberships")) for person in (HANA, OLGA))
    school.put("groups", "group-0001", name="Team six", group_type="team", lead_id=HANA)
    school.put("memberships", "member-0001", person_id=OLGA, group_id="group-0001", state="enrolled")
    rest(hana, olga)
    assert list(olga.all("groups")) == ["group-0001"]
    olga.put("memberships", "member-0001", state="left")
    rest(olga, hana)
    assert olga.all("groups") == {}
    assert list(hana.all("groups")) == ["group-0001"]


@pytest.mark.parametrize("seed", [1, 2])
def test_lost_answers_and_more_typing(olga: RxdbPhone, hana: RxdbPhone, visit: str, seed: int) -> None:
    olga.lose(0.5, seed)
    text = "Four"
    for number, word in enumerate(("tables", "argue", "about", "the", "sum"), 1):
        text = f"{text} {word}"
        note(olga, "note-0001", text) if number == 1 else olga.put("notes", "note-0001", text=text)
        if number % 2:
            olga.sync()
    assert olga.lost > 0
    olga.lose(0)
    rest(olga, hana)
    assert (olga.get("notes", "note-0001") or {})["text"] == "Four tables argue about the sum"
    assert (rejected(olga), olga.all("conflicts")) == ([], {})


def test_an_app_killed_before_the_answer_goes_on(olga: RxdbPhone, visit: str) -> None:
    note(olga, "note-0001", "Four tables")
    olga.lose(1)
    olga.until_lost()
    olga.restart()
    olga.put("notes", "note-0001", text="Four tables argue.")
    olga.lose(0)
    rest(olga)
    assert (olga.get("notes", "note-0001") or {})["text"] == "Four tables argue."
    assert (rejected(olga), olga.all("conflicts")) == ([], {})


def test_to_and_fro_ends_where_the_person_ended(olga: RxdbPhone, hana: RxdbPhone, visit: str) -> None:
    early, late = "2026-11-23T09:00:00.000Z", "2026-11-24T09:00:00.000Z"
    olga.put("visits", visit, planned_at=early)
    rest(olga)
    for moment in (late, early, late):
        olga.put("visits", visit, planned_at=moment)
        olga.sent()
    rest(olga, hana)
    assert (hana.get("visits", visit) or {})["planned_at"] == late


def test_notes_of_a_visit_that_never_arrives_are_kept_and_leave(
    olga: RxdbPhone, school: School, app: Flask
) -> None:
    note(olga, "note-0001", "Four tables argue.")
    olga.sync()
    assert list(olga.all("notes")) == ["note-0001"]
    services = services_of(app)
    with services.database.begin(school.tenant_id) as connection:
        deadlines.give_up(connection, services.door, school.tenant_id, services.now() + timedelta(days=6))
    rest(olga)
    assert olga.all("notes") == {}
    ((_, problem, payload),) = rejected(olga)
    assert problem == "parent-unknown"
    assert "Four tables argue." in payload
