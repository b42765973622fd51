"""The policies, field by field: what stands after two people edited one record, and where the rest is kept."""

from __future__ import annotations

from typing import Any

import pytest

from sync.changes import Record, Status
from tests.sync.server.test_door import slug
from tests.sync.server.world import ANN, BOB, BOOK, SHELF, World

WORDS = "one two three four five six seven"
SAW_IT = ["base_seq", "base_fields"]

# field: what it was, what Bob made of it, what Ann sends -> what stands, and what a conflict keeps (kept, other)
BOTH_SAW_THE_START: dict[str, tuple[str, Any, Any, Any, Any, tuple[Any, Any] | None]] = {
    "plain: only Ann changed it": ("title", "old", "old", "Ann's", "Ann's", None),
    "plain: only Bob changed it": ("title", "old", "Bob's", "old", "Bob's", None),
    "plain: both made the same change": ("title", "old", "new", "new", "new", None),
    "plain: both changed it, the last to arrive stands": ("title", "old", "Bob's", "Ann's", "Ann's", None),
    "plain: cleared by Ann alone": ("title", "old", "old", None, None, None),
    "number: both changed it": ("pages", 1, 2, 3, 3, None),
    "text: only Ann changed it": ("text", WORDS, WORDS, "anew", "anew", None),
    "text: only Bob changed it": ("text", WORDS, "anew", WORDS, "anew", None),
    "text: Ann goes on where Bob did": ("text", "a", "a b", "a b c", "a b c", None),
    "text: Bob had gone further": ("text", "a", "a b c", "a b", "a b c", None),
    "text: Ann writes before what Bob wrote": ("text", "c", "b c", "a b c", "a b c", None),
    "text: both wrote in different places": (
        "text",
        WORDS,
        "zero " + WORDS,
        WORDS.replace("four", "4"),
        "zero one two three 4 five six seven",
        None,
    ),
    "text: one took out, the other added": (
        "text",
        WORDS,
        "three four five six seven",
        WORDS + " eight",
        "three four five six seven eight",
        None,
    ),
    "text: both changed the same place": (
        "text",
        WORDS,
        WORDS.replace("four", "Bob"),
        WORDS.replace("four", "Ann"),
        WORDS.replace("four", "Ann"),
        (WORDS.replace("four", "Ann"), WORDS.replace("four", "Bob")),
    ),
    "text: both began it": ("text", None, "Bob's", "Ann's", "Ann's", ("Ann's", "Bob's")),
    "text: emptied by Bob, gone on by Ann": ("text", "a", "", "a b", "a b", None),
    "text: gone on by Bob, emptied by Ann": ("text", "a", "a b", None, "a b", None),
    "set: each added one": (
        "tags",
        ["tag-base"],
        ["tag-base", "tag-of-b"],
        ["tag-base", "tag-of-a"],
        ["tag-base", "tag-of-a", "tag-of-b"],
        None,
    ),
    "set: one added, one took out": ("tags", ["tag-base"], ["tag-base", "tag-of-b"], [], ["tag-of-b"], None),
    "set: both took out": ("tags", ["tag-base", "tag-two-"], ["tag-two-"], ["tag-base"], [], None),
    "set: begun by both": ("tags", None, ["tag-of-b"], ["tag-of-a"], ["tag-of-a", "tag-of-b"], None),
    "set: cleared by Ann, added to by Bob": (
        "tags",
        ["tag-base"],
        ["tag-base", "tag-of-b"],
        None,
        ["tag-of-b"],
        None,
    ),
    "state: Bob went further": ("state", "shown", "gone", "shown", "gone", None),
    "state: Ann goes further": ("state", "shown", "shown", "gone", "gone", None),
    "state: both went on, Bob further": ("state", "secret", "gone", "shown", "gone", None),
    "state: both went on, Ann further": ("state", "secret", "shown", "gone", "gone", None),
}
# the same, when Ann says nothing of what she had seen, and Bob was the last to write
ANN_SAW_NOTHING: dict[str, tuple[str, Any, Any, Any, tuple[Any, Any] | None]] = {
    "plain: what stands stays": ("title", "Bob's", "Ann's", "Bob's", ("Bob's", "Ann's")),
    "plain: the same value": ("title", "same", "same", "same", None),
    "number: what stands stays": ("pages", 2, 3, 2, ("2", "3")),
    "text: what stands stays": ("text", "Bob's", "Ann's", "Bob's", ("Bob's", "Ann's")),
    "text: Ann goes on": ("text", "a", "a b", "a b", None),
    "text: Bob had gone on": ("text", "a b", "a", "a b", None),
    "text: empty": ("text", "a b", "", "a b", None),
    "set: both": ("tags", ["tag-of-b"], ["tag-of-a"], ["tag-of-a", "tag-of-b"], None),
    "set: none taken out": ("tags", ["tag-of-b"], [], ["tag-of-b"], None),
    "state: the furthest": ("state", "shown", "gone", "gone", None),
    "state: old news": ("state", "gone", "shown", "gone", None),
}


def start(world: World, **fields: Any) -> tuple[int, Record]:
    """A book that neither Ann's nor Bob's phone wrote; its number, and what it says."""
    made = {"shelf_id": SHELF, "state": "shown"} | fields
    seq = world.put(world.as_(BOB, "bob-desktop"), "books", BOOK, made).seq
    assert seq is not None
    return seq, world.sees(BOB, "books")[BOOK]


def seen(saw: str, seq: int, record: Record) -> dict[str, Any]:
    return {"base_seq": seq} if saw == "base_seq" else {"base_fields": record}


def stands(world: World) -> Record:
    return world.sees(BOB, "books")[BOOK]


def kept_for(world: World, person: str) -> list[tuple[Any, ...]]:
    names = ("field", "kept", "other", "kept_by", "other_by")
    return [tuple(kept[name] for name in names) for kept in world.sees(person, "conflicts").values()]


@pytest.mark.parametrize("saw", SAW_IT)
@pytest.mark.parametrize("case", BOTH_SAW_THE_START)
def test_two_edits_of_one_start(room: World, case: str, saw: str) -> None:
    name, was, bobs, anns, expected, conflict = BOTH_SAW_THE_START[case]
    seq, record = start(room, **{name: was})
    room.put(room.as_(BOB), "books", BOOK, {name: bobs}, **seen(saw, seq, record))
    before = room.clock
    outcome = room.put(room.as_(ANN), "books", BOOK, {name: anns}, **seen(saw, seq, record))
    assert stands(room)[name] == expected
    assert outcome.status is (Status.APPLIED if expected == anns else Status.MERGED)
    assert (outcome.record or {}).get(name) == (None if expected == anns else expected)
    entry = [(name, *conflict, ANN, BOB)] if conflict else []
    assert kept_for(room, ANN) == kept_for(room, BOB) == entry
    assert room.clock == before + (expected != bobs) + 2 * bool(conflict)  # no change takes no number


@pytest.mark.parametrize("case", ANN_SAW_NOTHING)
def test_an_edit_without_a_base(room: World, case: str) -> None:
    name, bobs, anns, expected, conflict = ANN_SAW_NOTHING[case]
    seq, _ = start(room)
    room.put(room.as_(BOB), "books", BOOK, {name: bobs}, base_seq=seq)
    outcome = room.put(room.as_(ANN), "books", BOOK, {name: anns})
    assert stands(room)[name] == expected
    assert (outcome.status, (outcome.record or {})[name]) == (Status.MERGED, expected)
    entry = [(name, *conflict, BOB, ANN)] if conflict else []
    assert kept_for(room, ANN) == kept_for(room, BOB) == entry


def test_each_field_is_merged_by_itself(room: World) -> None:
    seq, _ = start(room, title="old", text=WORDS, tags=["tag-base"], pages=1)
    bobs = {"title": "Bob's", "text": "zero " + WORDS, "tags": ["tag-base", "tag-of-b"], "pages": 1}
    anns = {"title": "old", "text": WORDS + " eight", "tags": [], "pages": 2, "state": "gone"}
    room.put(room.as_(BOB), "books", BOOK, bobs, base_seq=seq)
    outcome = room.put(room.as_(ANN), "books", BOOK, anns, base_seq=seq)
    expected = {
        "title": "Bob's",
        "text": "zero " + WORDS + " eight",
        "tags": ["tag-of-b"],
        "pages": 2,
        "state": "gone",
    }
    assert {name: stands(room)[name] for name in expected} == expected
    assert outcome.record == stands(room)


def test_what_another_changed_meanwhile_comes_back_with_the_answer(room: World) -> None:
    seq, _ = start(room, title="old", pages=1)
    room.put(room.as_(BOB), "books", BOOK, {"title": "Bob's"}, base_seq=seq)
    outcome = room.put(room.as_(ANN), "books", BOOK, {"pages": 2}, base_seq=seq)
    assert outcome.status is Status.MERGED  # her fields were stored as sent, but she must adopt Bob's
    assert outcome.record is not None
    assert (outcome.record["title"], outcome.record["pages"]) == ("Bob's", 2)


def test_a_text_that_lost_is_in_history_too(room: World) -> None:
    seq, _ = start(room, text="start")
    room.put(room.as_(BOB), "books", BOOK, {"text": "Bob's"}, base_seq=seq)
    room.put(room.as_(ANN), "books", BOOK, {"text": "Ann's"}, base_seq=seq)
    bodies = room.ask(
        "SELECT body FROM sync_history WHERE tenant_id = :tenant AND collection = 'books' ORDER BY seq"
    )
    assert ['"text":"start"' in bodies[0].body, '"text":"Bob\'s"' in bodies[1].body] == [True, True]


def test_a_merged_text_that_grew_too_long_gives_way_and_is_kept(room: World) -> None:
    text = "start " + "x" * 19_000 + " end"
    seq, _ = start(room, text=text)
    bobs, anns = text.replace("start", "b" * 900), text.replace("end", "a" * 900)
    room.put(room.as_(BOB), "books", BOOK, {"text": bobs}, base_seq=seq)
    room.put(room.as_(ANN), "books", BOOK, {"text": anns}, base_seq=seq)
    assert stands(room)["text"] == anns
    assert kept_for(room, ANN) == kept_for(room, BOB) == [("text", anns, bobs, ANN, BOB)]


# one's own device


def test_a_phone_whose_answer_was_lost_types_on(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "state": "shown", "text": "a start"})  # lost
    outcome = room.put(room.as_(ANN), "books", BOOK, {"text": "something else", "title": "Ann's"})
    assert (outcome.problem, stands(room)["title"]) == (None, "Ann's")
    assert (stands(room)["text"], kept_for(room, ANN)) == ("something else", [])


def test_a_phone_whose_answer_was_lost_types_on_over_an_old_record(room: World) -> None:
    _, record = start(room, text="start", title="old")
    room.put(room.as_(ANN), "books", BOOK, {"text": "mine"}, base_fields=record)  # the answer is lost
    room.put(room.as_(ANN), "books", BOOK, {"text": "mine alone"}, base_fields=record)
    assert (stands(room)["text"], kept_for(room, ANN)) == ("mine alone", [])


@pytest.mark.parametrize(
    ("who", "device"),
    [(ANN, "ann-laptop"), (BOB, f"{ANN}-phone")],
    ids=["her laptop", "a colleague on her phone"],
)
def test_only_the_same_person_on_the_same_device_is_the_same(room: World, who: str, device: str) -> None:
    seq, _ = start(room)
    room.put(room.as_(ANN), "books", BOOK, {"pages": 1}, base_seq=seq)
    room.put(room.as_(who, device), "books", BOOK, {"pages": 2})
    assert stands(room)["pages"] == 1
    assert kept_for(room, who) == [("pages", "1", "2", ANN, who)]


def test_a_phone_restored_from_a_backup_does_not_overwrite_its_newer_words(room: World) -> None:
    seq, _ = start(room, text="start")
    room.put(room.as_(ANN), "books", BOOK, {"text": "acknowledged words"}, base_seq=seq)
    room.put(room.as_(ANN), "books", BOOK, {"text": "words of the backup"}, base_seq=seq)
    assert stands(room)["text"] == "words of the backup"
    assert kept_for(room, ANN) == [("text", "words of the backup", "acknowledged words", ANN, ANN)]


def test_the_last_writer_is_known_field_by_field(room: World) -> None:
    seq, _ = start(room, title="old", pages=1)
    room.put(room.as_(ANN), "books", BOOK, {"pages": 2}, base_seq=seq)
    outcome = room.put(room.as_(ANN), "books", BOOK, {"pages": 3, "title": "Ann's"})
    assert outcome.record is not None
    assert (stands(room)["pages"], stands(room)["title"]) == (3, "old")


# text that only its author writes


def test_only_the_author_writes_her_text(room: World) -> None:
    seq, _ = start(room, inscription="Bob's hand")
    outcome = room.put(room.as_(ANN), "books", BOOK, {"inscription": "Ann's hand", "pages": 5}, base_seq=seq)
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "not-allowed")
    assert outcome.problem is not None
    assert list(outcome.problem["errors"]) == ["/fields/inscription"]
    assert (stands(room)["inscription"], stands(room)["pages"]) == ("Bob's hand", None)
    assert outcome.record == stands(room)  # she may see it: the truth comes back
    assert "Ann's hand" in next(iter(room.sees(ANN, "rejected_writes").values()))["payload"]


def test_the_author_s_text_sent_back_unchanged_is_no_write(room: World) -> None:
    seq, _ = start(room, inscription="Bob's hand")
    outcome = room.put(room.as_(ANN), "books", BOOK, {"inscription": "Bob's hand", "pages": 5}, base_seq=seq)
    assert (outcome.status, stands(room)["pages"]) == (Status.APPLIED, 5)


def test_the_author_s_own_phones_merge(room: World) -> None:
    seq, _ = start(room, inscription=WORDS)
    room.put(room.as_(BOB), "books", BOOK, {"inscription": "zero " + WORDS}, base_seq=seq)
    room.put(room.as_(BOB, "bob-laptop"), "books", BOOK, {"inscription": WORDS + " eight"}, base_seq=seq)
    assert stands(room)["inscription"] == "zero " + WORDS + " eight"


# states


def test_an_illegal_move_keeps_the_state_and_the_rest_is_taken(room: World) -> None:
    with room.books_with(may_move=lambda actor, record, edge, near: False):
        other = room.put(
            room.as_(ANN), "books", "book-two", {"shelf_id": SHELF, "state": "shown", "pages": 1}
        )
    assert (other.status, slug(other.problem)) == (Status.MERGED, "illegal-move")
    assert other.record is not None
    assert (other.record["state"], other.record["pages"]) == ("secret", 1)  # born in the first state
    with room.books_with(may_move=lambda actor, record, edge, near: edge[1] != "gone"):
        room.put(room.as_(ANN), "books", "book-two", {"state": "shown"})
        edit = {"state": "gone", "title": "taken"}
        outcome = room.put(room.as_(ANN), "books", "book-two", edit, base_seq=room.clock)
    assert (outcome.status, slug(outcome.problem)) == (Status.MERGED, "illegal-move")
    assert outcome.record is not None
    assert (outcome.record["state"], outcome.record["title"]) == ("shown", "taken")
    assert room.sees(ANN, "rejected_writes") == {}


def test_an_illegal_move_alone_is_refused(room: World) -> None:
    seq, _ = start(room)
    with room.books_with(may_move=lambda actor, record, edge, near: False):
        outcome = room.put(room.as_(ANN), "books", BOOK, {"state": "gone"}, base_seq=seq)
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "illegal-move")
    assert outcome.record == stands(room)
    assert stands(room)["state"] == "shown"


def test_a_state_further_back_is_old_news(room: World) -> None:
    seq, _ = start(room)
    room.put(room.as_(BOB), "books", BOOK, {"state": "gone"}, base_seq=seq)
    before = room.clock
    outcome = room.put(room.as_(ANN), "books", BOOK, {"state": "secret"}, base_seq=seq)
    assert (outcome.status, outcome.problem, room.clock) == (Status.MERGED, None, before)
    assert outcome.record == stands(room)


def test_a_state_further_back_is_a_mistake_of_who_knew_better(room: World) -> None:
    seq, _ = start(room, state="gone")
    outcome = room.put(room.as_(ANN), "books", BOOK, {"state": "shown"}, base_seq=seq)
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "illegal-move")
    assert outcome.record == stands(room)


def test_a_state_of_null_says_nothing(room: World) -> None:
    seq, _ = start(room)
    outcome = room.put(room.as_(ANN), "books", BOOK, {"state": None, "title": "taken"}, base_seq=seq)
    assert outcome.record is not None
    assert (outcome.record["state"], outcome.record["title"], outcome.problem) == ("shown", "taken", None)


def test_what_the_rules_amend_comes_back(room: World) -> None:
    outcome = room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "title": "amend"})
    assert outcome.record is not None
    assert (outcome.status, outcome.record["title"]) == (Status.MERGED, "amended")


def test_a_conflict_told_twice_is_told_once(room: World) -> None:
    """The ids of what is kept are made from its content."""
    seq, _ = start(room, text="start")
    for person, text in ((BOB, "Bob's"), (ANN, "Ann's"), (BOB, "Bob's"), (ANN, "Ann's")):
        room.put(room.as_(person), "books", BOOK, {"text": text}, base_seq=seq)
    assert len(kept_for(room, ANN)) == len(kept_for(room, BOB)) == 2


def test_a_conflict_put_away_does_not_stop_the_next_edit(room: World) -> None:
    seq, _ = start(room, text="start")
    for person, text in ((BOB, "Bob's"), (ANN, "Ann's"), (BOB, "Bob's")):
        room.put(room.as_(person), "books", BOOK, {"text": text}, base_seq=seq)
    for person in (ANN, BOB):
        for conflict in room.sees(person, "conflicts"):
            assert room.delete(room.as_(person), "conflicts", conflict).status is Status.APPLIED
    outcome = room.put(room.as_(ANN), "books", BOOK, {"text": "Ann's"}, base_seq=seq)
    assert (outcome.status, stands(room)["text"]) == (Status.APPLIED, "Ann's")
    assert kept_for(room, ANN) == []
