"""Rows that WatermelonDB pushed in vain: what the phone hears of them, and where its words are kept."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from flask import Flask

from tests.api.conftest import HANA, OLGA
from tests.api.watermelon.conftest import Make
from tests.api.watermelon.phone import AT, note
from tests.builders import put, services_of


def test_a_refused_edit_is_kept_and_the_phone_hears_the_truth(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note(state="shared"))
    olga.sync()
    olga.sync()
    olga.edit("note-one", text="Other words.")
    olga.sync()
    assert olga.text() == "Other words."
    olga.sync()
    assert olga.text() == "Three."
    (kept,) = olga.table("rejected_writes").values()
    assert kept["problem"] == "note-is-shared"
    assert json.loads(kept["payload"])["fields"] == {"text": "Other words."}


def test_a_refused_new_row_leaves_the_phone_and_is_kept_once(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note("note-bad", text="x" * 20_001))
    olga.make(note("note-good"))
    olga.sync(answered=False)
    olga.sync()
    olga.sync()
    assert list(olga.table("notes")) == ["note-good"]
    assert [kept["record_id"] for kept in olga.table("rejected_writes").values()] == ["note-bad"]


def test_a_refused_delete_brings_the_row_back(phone: Make) -> None:
    hana = phone(HANA)
    hana.sync()
    hana.delete(OLGA, "people")
    hana.sync()
    assert OLGA not in hana.table("people")
    hana.sync()
    assert OLGA in hana.table("people")


def test_a_row_of_somebody_else_is_not_hers_to_write_and_leaves(phone: Make) -> None:
    """She guesses the id of a draft that she may not see: nothing of it comes to her, and her row goes."""
    olga, hana = phone(OLGA), phone(HANA)
    olga.sync()
    olga.make(note())
    olga.sync()
    hana.sync()
    hana.make(note(text="mine"))
    hana.sync()
    hana.sync()
    assert hana.table("notes") == {}
    assert {kept["problem"] for kept in hana.table("rejected_writes").values()} == {"not-found"}
    olga.sync()
    assert olga.text() == "Three."


@pytest.mark.parametrize("rescue", [True, False])
def test_dirty_words_of_a_row_that_was_deleted(phone: Make, rescue: bool) -> None:
    """It pulls before it pushes, so that without the rescue the words are gone for good: that is what the snippet is for."""
    olga, tablet = phone(OLGA), phone(OLGA, "tablet")
    olga.sync()
    olga.make(note())
    olga.sync()
    tablet.sync()
    tablet.delete("note-one")
    tablet.sync()
    olga.edit("note-one", text="Three, then four.")
    olga.sync(rescue=rescue)
    olga.sync(rescue=rescue)
    assert olga.table("notes") == {}
    kept = [json.loads(one["payload"])["fields"] for one in olga.table("rejected_writes").values()]
    assert kept == ([{"text": "Three, then four."}] if rescue else [])


def test_rescuing_again_and_again_keeps_one(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note(text="x" * 20_001))
    for _ in range(3):
        olga.rescue()
    olga.sync(rescue=True)
    olga.sync(rescue=True)
    assert len(olga.table("rejected_writes")) == 1
    assert olga.table("notes") == {}


def test_a_child_waits_for_its_parent_and_stays_where_it_is(app: Flask, tenant_id: UUID, phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note("note-late", visit_id="visit-two"))
    olga.sync()
    olga.sync()
    assert list(olga.table("notes")) == ["note-late"]
    there = {"host_id": HANA, "observer_ids": [OLGA], "state": "captured"}
    put(services_of(app), tenant_id, "visits", "visit-two", **there)
    olga.edit("note-late", text="Four.")
    olga.sync()
    olga.sync()
    assert olga.text("note-late") == "Four."
    assert olga.table("rejected_writes") == {}


def test_a_child_that_waits_stays_where_it_is_also_when_the_answer_was_lost(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note("note-late", visit_id="visit-two"))
    olga.sync(answered=False)
    olga.sync()
    olga.sync()
    assert list(olga.table("notes")) == ["note-late"]
    olga.delete("note-late")
    olga.sync()
    assert olga.pull()["changes"] == {}


def test_what_was_made_and_deleted_offline_is_nothing_to_speak_of(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.delete("note-never")
    olga.sync(answered=False)
    olga.sync()
    olga.sync()
    assert olga.table("rejected_writes") == {}


def test_a_child_whose_parent_refuses_it_at_last_leaves_the_phone(
    app: Flask, tenant_id: UUID, phone: Make
) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note("note-late", visit_id="visit-two"))
    olga.sync()
    services = services_of(app)
    there = {"host_id": OLGA, "observer_ids": [HANA], "state": "captured"}
    put(services, tenant_id, "visits", "visit-two", **there)
    olga.sync()
    assert olga.table("notes") == {}
    (kept,) = olga.table("rejected_writes").values()
    assert (kept["problem"], kept["record_id"]) == ("not-allowed", "note-late")


def test_a_parent_and_its_child_come_in_any_order(phone: Make) -> None:
    """WatermelonDB names its tables in the order of its model classes."""
    hana = phone(HANA)
    hana.sync()
    hana.make({"id": "debrief-new", "visit_id": "visit-new", "summary": "We talked."}, "debriefs")
    there = {"host_id": HANA, "observer_ids": "[]", "state": "captured", "started_at": AT}
    hana.make({"id": "visit-new"} | there, "visits")
    hana.sync()
    hana.sync()
    assert hana.table("debriefs")["debrief-new"]["visit_id"] == "visit-new"
    assert hana.table("visits")["visit-new"]["started_at"] == AT
    assert hana.table("rejected_writes") == {}
