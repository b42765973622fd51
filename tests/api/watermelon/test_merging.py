"""Edits that meet, answers that are lost, and typing on: what a phone on WatermelonDB must never lose or undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from sync.server.tables import receipt, sent
from tests.api.conftest import HANA, OLGA
from tests.api.watermelon.conftest import Make
from tests.api.watermelon.phone import Phone, note
from tests.builders import put, services_of


def both_edit(hana: Phone, olga: Phone, hers: str, mine: str) -> None:
    """Host and observer edit the summary offline; the host's arrives first."""
    for one in (hana, olga):
        one.sync()
    hana.edit("debrief-one", "debriefs", summary=hers)
    olga.edit("debrief-one", "debriefs", summary=mine)
    hana.sync()
    olga.sync()


def summary_of(one: Phone) -> Any:
    return one.rows["debriefs", "debrief-one"]["summary"]


def test_two_edits_become_one_and_both_phones_hear_it(phone: Make, summary: str) -> None:
    hana, olga = phone(HANA), phone(OLGA)
    both_edit(hana, olga, "We both talked at length.", "We talked at great length.")
    assert summary_of(olga) == "We talked at great length."
    for one in (olga, hana):
        one.sync()
        assert summary_of(one) == "We both talked at great length."
        assert one.table("conflicts") == {}


def test_two_edits_of_one_place_are_both_kept(phone: Make, summary: str) -> None:
    hana, olga = phone(HANA), phone(OLGA)
    both_edit(hana, olga, "We argued.", "We sang.")
    for one in (olga, hana):
        one.sync()
        assert summary_of(one) == "We sang."
        (conflict,) = one.table("conflicts").values()
        assert (conflict["kept"], conflict["other"]) == ("We sang.", "We argued.")


def test_after_a_lost_answer_and_more_typing_nothing_of_the_same_phone_conflicts(
    phone: Make, summary: str
) -> None:
    hana, olga = phone(HANA), phone(OLGA)
    for one in (hana, olga):
        one.sync()
    olga.edit("debrief-one", "debriefs", summary="We sang.")
    olga.sync(answered=False)
    olga.edit("debrief-one", "debriefs", summary="We sang loudly.")
    olga.sync(answered=False)
    olga.edit("debrief-one", "debriefs", summary="We whispered.")
    olga.sync()
    olga.sync()
    hana.sync()
    assert summary_of(olga) == summary_of(hana) == "We whispered."
    assert olga.table("conflicts") == hana.table("conflicts") == {}


def test_a_new_row_whose_answer_was_lost_is_made_once_and_typed_on(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note())
    olga.sync(answered=False)
    olga.edit("note-one", text="Three, then four.")
    olga.sync(answered=False)
    olga.edit("note-one", code="q2")
    olga.sync()
    olga.sync()
    row = olga.table("notes")["note-one"]
    assert (row["text"], row["code"]) == ("Three, then four.", "q2")
    assert olga.table("conflicts") == olga.table("rejected_writes") == {}


def test_a_mere_repetition_does_not_undo_what_another_wrote_since(phone: Make, summary: str) -> None:
    hana, olga = phone(HANA), phone(OLGA)
    olga.sync()
    olga.edit("debrief-one", "debriefs", summary="We sang.")
    olga.sync(answered=False)
    hana.sync()
    hana.edit("debrief-one", "debriefs", summary="We hummed.")
    hana.sync()
    olga.sync()
    olga.sync()
    hana.sync()
    assert summary_of(olga) == summary_of(hana) == "We hummed."
    assert olga.table("conflicts") == {}


def test_what_was_joined_is_not_overwritten_by_more_typing(phone: Make, summary: str) -> None:
    """The answer that would have brought the host's words was lost: the observer types on from her own."""
    hana, olga = phone(HANA), phone(OLGA)
    for one in (hana, olga):
        one.sync()
    hana.edit("debrief-one", "debriefs", summary="We both talked at length.")
    hana.sync()
    olga.edit("debrief-one", "debriefs", summary="We talked at great length.")
    olga.sync(answered=False)
    olga.edit("debrief-one", "debriefs", summary="We talked at very great length.")
    olga.sync()
    for one in (olga, hana):
        one.sync()
        assert summary_of(one) == "We both talked at very great length."
        assert one.table("conflicts") == {}


def test_back_and_forth_and_back_is_three_edits(phone: Make, summary: str) -> None:
    olga = phone(OLGA)
    for said in ("One.", "Two.", "One.", "Two.", "One."):
        olga.sync()
        olga.edit("debrief-one", "debriefs", summary=said)
        olga.rescue()
    olga.sync()
    olga.sync()
    assert summary_of(olga) == "One."


@pytest.mark.parametrize("lost", ["no push", "no answer"])
def test_the_base_of_a_rescued_row_survives_every_loss(phone: Make, summary: str, lost: str) -> None:
    """A bare client whose push is lost twice would overwrite the host's words; one that rescues does not."""
    hana, olga = phone(HANA), phone(OLGA)
    for one in (hana, olga):
        one.sync()
    olga.edit("debrief-one", "debriefs", summary="We sang.")
    for said in ("We hummed.", "We hummed aloud."):
        olga.rescue()
        olga.pull()
        if lost == "no answer":
            olga.push(answered=False)
        hana.sync()
        hana.edit("debrief-one", "debriefs", summary=said)
        hana.sync()
    olga.sync(rescue=True)
    olga.sync(rescue=True)
    hana.sync()
    assert summary_of(olga) == summary_of(hana) == "We hummed aloud."


def test_a_repeated_push_is_repeated(app: Flask, tenant_id: UUID, phone: Make, summary: str) -> None:
    """The same request twice: one op, one number, one receipt."""
    olga = phone(OLGA)
    olga.sync()
    olga.edit("debrief-one", "debriefs", summary="We sang.")
    olga.pull()
    olga.push(answered=False)
    stamp = olga.pull(answered=False)["timestamp"]
    olga.push(answered=False)
    olga.push()
    with services_of(app).database.begin(tenant_id) as connection:
        mine = receipt.c.op_id.like("wm-%")
        ops = connection.scalars(select(receipt.c.op_id).where(receipt.c.tenant_id == tenant_id, mine)).all()
    assert len(ops) == 1
    assert olga.pull(answered=False)["timestamp"] == stamp


def test_what_was_sent_is_forgotten_once_the_phone_has_read_on(
    app: Flask, tenant_id: UUID, phone: Make
) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note())
    olga.sync(rescue=True)

    def kept() -> int:
        with services_of(app).database.begin(tenant_id) as connection:
            return len(connection.execute(select(sent).where(sent.c.tenant_id == tenant_id)).all())

    assert kept() == 1
    put(services_of(app), tenant_id, "schools", "school-one", name="A school")
    olga.sync()
    assert kept() == 1
    olga.sync()
    assert kept() == 0
