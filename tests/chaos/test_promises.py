"""The promises, over tables made by hand: sound ones break none, and each fault is told as what it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.kills import Blow
from tests.chaos.promises import Tables, check
from tests.chaos.rounds import _is_silent
from tests.chaos.wire import Acknowledged, Ledger

SINCE = 10
DEBRIEF = ("debriefs", "the-debrief")


def said(op_id: str, collection: str, record_id: str, deleted: bool = False, **fields: Any) -> Acknowledged:
    return Acknowledged("a-phone", op_id, collection, record_id, fields, deleted, "applied")


TOLD = [
    said("op-1", "notes", "note-one", text="first", state="draft"),
    said("op-2", "notes", "note-one", text="second"),
    said("op-3", "notes", "note-two", text="gone", state="draft"),
    said("op-4", "notes", "note-two", deleted=True),
    said("op-5", *DEBRIEF, protocol="hers"),
    said("op-6", *DEBRIEF, protocol="his"),
]


def receipt(collection: str, record_id: str, seq: int) -> dict[str, Any]:
    return {"collection": collection, "id": record_id, "status": "applied", "seq": seq}


SOUND = Tables(
    clock=22,
    documents={
        ("people", "newcomer"): (21, False, {"roles": ["teacher"]}),
        ("notes", "note-one"): (12, False, {"text": "second", "state": "draft"}),
        ("notes", "note-two"): (14, True, None),
        DEBRIEF: (16, False, {"protocol": "his"}),
    },
    notes={"note-one": ("second", "draft")},
    writes=Counter([5, 11, 12, 13, 14, 15, 16, 21, 22]),
    granted={22: "newcomer"},
    blocks=Counter([17, 18, 19]),
    places=frozenset([12, 20]),
    receipts={
        f"op-{n}": receipt(one.collection, one.id, 10 + n) for n, one in enumerate(TOLD, 1)
    } | {"op-enrol": receipt("people", "newcomer", 21)},
    earlier={DEBRIEF: [{"protocol": "a first word"}, {"protocol": "hers"}]},
)  # fmt: skip


def test_sound_tables_break_nothing() -> None:
    assert check(SOUND, TOLD, SINCE, DEBRIEF).told() == []


FAULTS = {
    "an acknowledged note is not there": ("lost", replace(SOUND, documents={DEBRIEF: SOUND.documents[DEBRIEF]})),
    "an acknowledged word is not there": (
        "lost",
        replace(SOUND, documents=SOUND.documents | {("notes", "note-one"): (12, False, {"text": "first", "state": "draft"})}),
    ),
    "the table says something else": ("lost", replace(SOUND, notes={"note-one": ("first", "draft")})),
    "a deleted note is still in the table": ("lost", replace(SOUND, notes=SOUND.notes | {"note-two": ("gone", "draft")})),
    "a word never stood in the debrief": ("lost", replace(SOUND, earlier={})),
    "an op has no receipt": ("lost", replace(SOUND, receipts={k: v for k, v in SOUND.receipts.items() if k != "op-2"})),
    "a word was written twice": (
        "twice",
        replace(SOUND, earlier={DEBRIEF: [{"protocol": "his"}, {"protocol": "hers"}]}),
    ),
    "a note that nobody typed": (
        "twice",
        replace(SOUND, documents=SOUND.documents | {("notes", "note-ten"): (12, False, {})}),
    ),
    "a write that no op made": ("twice", replace(SOUND, clock=23, writes=SOUND.writes + Counter([23]))),
    "a grant of nobody who was enrolled": ("twice", replace(SOUND, granted={22: "somebody-else"})),
    "somebody is enrolled without a role": ("lost", replace(SOUND, granted={})),
    "a role granted twice": (
        "twice",
        replace(SOUND, clock=23, writes=SOUND.writes + Counter([23]), granted={22: "newcomer", 23: "newcomer"}),
    ),
    "a number given to two writes": ("twice", replace(SOUND, writes=SOUND.writes + Counter([12]))),
    "a number of a block given to a write": ("twice", replace(SOUND, blocks=SOUND.blocks + Counter([14]))),
    "a number given to nothing": ("gaps", replace(SOUND, clock=23)),
    "a number beyond the clock": ("gaps", replace(SOUND, clock=21)),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told(fault: str) -> None:
    kind, tables = FAULTS[fault]
    assert getattr(check(tables, TOLD, SINCE, DEBRIEF), kind)


def test_a_refused_change_is_told() -> None:
    refused = replace(TOLD[0], status="rejected")
    assert check(SOUND, [refused, *TOLD[1:]], SINCE, DEBRIEF).refused


def test_the_books_know_when_the_first_success_came() -> None:
    ledger = Ledger(moments=[(1.0, "hasty"), (5.0, "hasty"), (6.5, "patient")])
    assert ledger.since(4.0) == 1.0
    assert ledger.since(4.0, frozenset({"hasty"})) == 2.5
    assert ledger.since(7.0) is None


def test_a_supervisor_that_says_nothing_is_told() -> None:
    blow = Blow("all of the API", lambda: 0.0, "API")
    assert _is_silent(blow, "Live ended unexpectedly (signal 9); starting it again. Log: live.log")
    assert not _is_silent(blow, "API ended unexpectedly (signal 9); starting it again. Log: api.log")
