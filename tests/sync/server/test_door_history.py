"""History, and the numbers: what each write replaced, the base that a merge finds there, a clock without holes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson

from sync.changes import Record, Status
from sync.server import history
from sync.server.kind import Write
from tests.sync.server.world import ANN, BOB, BOOK, ROOM, SHELF, World

START = "one two three four five six seven"


def first_book(world: World, **fields: Any) -> int:
    """A book of Ann's that both see; its number."""
    fields = {"shelf_id": SHELF, "state": "shown", "text": START} | fields
    seq = world.put(world.as_(ANN), "books", BOOK, fields).seq
    assert seq is not None
    return seq


def told(world: World, person: str) -> list[tuple[str, str, Any]]:
    """Who wrote what on which device, newest first, as this person is told."""
    with world.transaction() as connection:
        found = history.versions(connection, world.kinds, world.as_(person), "books", BOOK)
    return [(v.author, v.device, v.record["title"]) for v in found]


def stored(world: World) -> list[tuple[int, Record | None]]:
    rows = world.ask(
        "SELECT seq, body FROM sync_history WHERE tenant_id = :tenant AND record_id = :id ORDER BY seq",
        id=BOOK,
    )
    return [(row.seq, row.body and orjson.loads(row.body)) for row in rows]


def test_each_write_keeps_the_body_that_it_replaced(room: World) -> None:
    first = first_book(room, title="first")
    assert stored(room) == []  # a create replaces nothing
    second = room.put(room.as_(BOB), "books", BOOK, {"title": "second"}, base_seq=first).seq
    room.put(room.as_(BOB), "books", BOOK, {"title": "second"}, base_seq=second)  # changes nothing
    third = room.delete(room.as_(ANN, "ann-laptop"), "books", BOOK).seq
    assert [(seq, body and body["title"]) for seq, body in stored(room)] == [
        (second, "first"),
        (third, "second"),
    ]


def test_a_version_names_who_wrote_it_and_on_what(room: World) -> None:
    seq = first_book(room, title="first")
    room.later(timedelta(hours=1))
    seq = room.put(room.as_(BOB), "books", BOOK, {"title": "second"}, base_seq=seq).seq or 0
    room.put(room.as_(ANN, "ann-laptop"), "books", BOOK, {"title": "third"}, base_seq=seq)
    assert told(room, ANN) == [(BOB, f"{BOB}-phone", "second"), (ANN, f"{ANN}-phone", "first")]
    with room.transaction() as connection:
        newest, oldest = history.versions(connection, room.kinds, room.as_(BOB), "books", BOOK)
    assert (newest.at, oldest.at) == (room.now, room.now)
    assert oldest.record["updated_at"] < newest.record["updated_at"]


def test_nobody_is_told_a_version_that_was_not_for_her(room: World) -> None:
    first_book(room, state="secret", title="for me alone")
    room.put(room.as_(ANN), "books", BOOK, {"title": "for all", "state": "shown"})
    room.put(room.as_(ANN), "books", BOOK, {"title": "for all of you"})
    assert [title for _, _, title in told(room, ANN)] == ["for all", "for me alone"]
    assert [title for _, _, title in told(room, BOB)] == ["for all"]
    assert told(room, "person-eve") == []


def test_a_base_is_found_after_several_writes(room: World) -> None:
    seq = first_book(room)
    for n, text in enumerate(["zero " + START, "zero " + START + " eight", "0 " + START + " eight"]):
        room.put(room.as_(ANN), "books", BOOK, {"text": text, "pages": n})
    outcome = room.put(room.as_(BOB), "books", BOOK, {"text": START.replace("four", "4")}, base_seq=seq)
    assert outcome.status is Status.MERGED
    assert outcome.record is not None
    assert outcome.record["text"] == "0 one two three 4 five six seven eight"
    assert room.sees(ANN, "conflicts") == {}


def test_a_base_is_found_among_the_writes_of_the_same_push(room: World) -> None:
    seq = first_book(room)
    outcomes = room.push(
        room.as_(BOB),
        room.change("books", BOOK, {"text": "zero " + START}, base_seq=seq),
        room.change("books", BOOK, {"pages": 3}, base_seq=seq),
        room.change("books", BOOK, {"text": START + " eight"}, base_seq=seq),
    )
    assert [outcome.status for outcome in outcomes] == [Status.APPLIED, Status.MERGED, Status.MERGED]
    assert room.sees(ANN, "books")[BOOK]["text"] == "zero " + START + " eight"


def forgets_when_gone(write: Write) -> bool:
    return ("shown", "gone") in write.moved


def test_what_is_forgotten_is_in_no_history(room: World) -> None:
    first_book(room, title="first")
    with room.books_with(forgets=forgets_when_gone):
        room.put(room.as_(ANN), "books", BOOK, {"title": "second"})
        room.put(room.as_(ANN), "books", BOOK, {"state": "gone", "title": None})
        assert told(room, ANN) == []
        room.put(room.as_(ANN), "books", BOOK, {"pages": 1})
    assert [body and body["title"] for _, body in stored(room)] == [None, None, None]
    assert "first" not in str(stored(room))
    assert "second" not in str(stored(room))


def test_what_is_forgotten_in_the_same_push_is_in_no_history(room: World) -> None:
    first_book(room, title="first")
    with room.books_with(forgets=forgets_when_gone):
        room.push(
            room.as_(ANN),
            room.change("books", BOOK, {"title": "second"}),
            room.change("books", BOOK, {"state": "gone", "title": "left"}),
            room.change("books", BOOK, {"title": "after"}),
        )
    assert [body and body["title"] for _, body in stored(room)] == [None, None, "left"]


def test_a_forgotten_base_is_no_base(room: World) -> None:
    seq = first_book(room)
    with room.books_with(forgets=lambda write: True):
        room.put(room.as_(ANN), "books", BOOK, {"text": "Ann begins anew"})
    room.put(room.as_(ANN), "books", BOOK, {"text": "Ann begins anew, and goes on"})
    # with the only body that history still has for its base, Bob's text would win
    outcome = room.put(room.as_(BOB), "books", BOOK, {"text": START + " from Bob"}, base_seq=seq)
    assert outcome.status is Status.MERGED
    assert room.sees(ANN, "books")[BOOK]["text"] == "Ann begins anew, and goes on"
    assert {kept["other"] for kept in room.sees(BOB, "conflicts").values()} == {START + " from Bob"}


def test_numbers_have_no_holes_and_no_twins(room: World) -> None:
    """The clock counts exactly the numbers that were taken: one per change, and a block per grant."""
    before = room.clock
    outcomes = room.push(
        room.as_(ANN),
        *(room.change("books", f"book-{n:04}", {"shelf_id": SHELF, "state": "shown"}) for n in range(5)),
        room.change("books", "book-bad1", {"shelf_id": SHELF, "pages": "x"}),
        room.change("books", "book-0001", {"state": "shown"}),
        room.change("books", "book-0002", deleted=True),
    )
    taken = [before + n for n in (1, 2, 3, 4, 5)]
    assert [o.seq for o in outcomes] == [*taken, None, taken[1], before + 7]  # 6 is the rejected write's
    room.grant("person-eve", ROOM)  # six records have stood there: a block of six, and one
    assert room.clock == before + 7 + 6 + 1
    room.put(room.as_(ANN), "shelves", SHELF, {"scopes": [ROOM, "room-two"]})
    assert room.clock == before + 14 + 1 + 4  # the shelf, and the four books that stand on it
    entries = room.ask(
        "SELECT scope_id, collection, record_id, seq, pos FROM sync_entry WHERE tenant_id = :tenant"
    )
    numbered: dict[int, set[tuple[str, str]]] = {}
    for row in entries:
        numbered.setdefault(row.seq, set()).add((row.collection, row.record_id))
    assert all(len(records) == 1 for records in numbered.values())
    assert max(numbered) == room.clock
    places = [(row.scope_id, row.pos) for row in entries]
    assert len(places) == len(set(places))
    assert all(pos > 0 for _, pos in places)
