"""Children that arrive before their parents wait, and tell nobody what exists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.event import listen, remove

from sync.changes import Change, Status
from sync.server import deadlines, held
from tests.sync.server.test_door import slug
from tests.sync.server.world import ANN, BOB, BOOK, ROOM, SHELF, World

PARENT = "shelf-two"


def shelf(world: World, record_id: str = PARENT, scope: str = ROOM) -> Change:
    return world.change("shelves", record_id, {"scopes": [scope]})


def book(world: World, record_id: str = BOOK, parent: str = PARENT, **fields: object) -> Change:
    return world.change("books", record_id, {"shelf_id": parent, "state": "shown", **fields})


def waiting(world: World) -> set[str]:
    return {row.op_id for row in world.ask("SELECT op_id FROM sync_held WHERE tenant_id = :tenant")}


def give_up(world: World) -> int:
    with world.transaction() as connection:
        return deadlines.give_up(connection, world.door, world.tenant, world.now)


def test_a_child_waits_for_its_parent_across_pushes(room: World) -> None:
    child = book(room, title="early")
    before = room.clock
    (outcome,) = room.push(room.as_(ANN), child)
    assert (outcome.status, outcome.seq, outcome.record) == (Status.HELD, None, None)
    assert (room.clock, waiting(room)) == (before, {child.op_id})
    assert room.sees(ANN, "books") == {}
    room.push(room.as_(BOB), shelf(room))
    assert waiting(room) == set()
    assert room.sees(BOB, "books")[BOOK]["title"] == "early"
    assert room.sees(BOB, "books")[BOOK]["created_by"] == ANN  # whoever brought the parent
    (again,) = room.push(room.as_(ANN), child)
    assert (again.status, again.first, again.seq) == (Status.REPEATED, Status.APPLIED, before + 2)


def test_a_child_before_its_parent_in_one_push_is_applied(room: World) -> None:
    before = room.clock
    child, parent = room.push(room.as_(ANN), book(room), shelf(room))
    assert (child.status, child.seq) == (Status.APPLIED, before + 2)
    assert (parent.status, parent.seq) == (Status.APPLIED, before + 1)
    assert waiting(room) == set()


def test_a_held_change_that_is_repeated_is_still_held_once(room: World) -> None:
    child = book(room)
    room.push(room.as_(ANN), child)
    room.later(timedelta(days=4))
    first, second = room.push(room.as_(ANN), child, child)
    assert [(o.status, o.first, o.seq) for o in (first, second)] == [(Status.REPEATED, Status.HELD, None)] * 2
    room.later(timedelta(days=1, seconds=1))  # the deadline is the first sending's
    assert give_up(room) == 1


def test_a_held_op_and_its_parent_in_one_push_answer_what_it_became(room: World) -> None:
    child = book(room)
    room.push(room.as_(ANN), child)
    again, parent = room.push(room.as_(ANN), child, shelf(room))
    assert (again.seq, parent.seq) == (room.clock, room.clock - 1)
    assert Status.APPLIED in (again.status, again.first)
    assert len(room.sees(ANN, "books")) == 1


def test_what_waits_wakes_in_the_order_in_which_it_was_sent(room: World) -> None:
    fields = {"shelf_id": PARENT, "state": "shown"}
    room.push(
        room.as_(ANN),
        room.change("books", BOOK, fields | {"title": "first"}, op_id="op-z"),
        room.change("books", BOOK, fields | {"title": "second"}, op_id="op-y"),
        room.change("books", BOOK, fields | {"title": "third"}, op_id="op-x"),
    )
    room.push(room.as_(BOB), shelf(room))
    assert room.sees(ANN, "books")[BOOK]["title"] == "third"
    assert room.sees(ANN, "conflicts") == {}


@pytest.mark.parametrize("at_once", [True, False], ids=["in one push", "across pushes"])
def test_a_chain_of_two_wakes_from_the_top(chained: World, at_once: bool) -> None:
    world = chained
    sent = [
        world.change("marks", "mark-one", {"book_id": BOOK, "note": "leaf"}),
        book(world),
        shelf(world),
    ]
    if at_once:
        outcomes = world.push(world.as_(ANN), *sent)
        assert [outcome.status for outcome in outcomes] == [Status.APPLIED] * 3
    else:
        assert [world.push(world.as_(ANN), one)[0].status for one in sent] == [
            Status.HELD,
            Status.HELD,
            Status.APPLIED,
        ]
    assert waiting(world) == set()
    assert world.sees(BOB, "marks")["mark-one"]["note"] == "leaf"
    numbers = {row.id: row.seq for row in world.pull(BOB).rows}
    assert numbers[PARENT] < numbers[BOOK] < numbers["mark-one"]


def test_a_parent_that_she_may_not_see_is_absent(room: World) -> None:
    room.push(room.system, shelf(room, PARENT, "room-two"))
    hidden, missing = room.push(room.as_(ANN), book(room), book(room, "book-two", "shelf-nowhere"))
    for outcome in (hidden, missing):
        assert (outcome.status, outcome.seq, outcome.record, outcome.problem) == (
            Status.HELD,
            None,
            None,
            None,
        )


def test_a_parent_that_was_deleted_is_absent(room: World) -> None:
    room.delete(room.as_(ANN), "shelves", SHELF)
    (outcome,) = room.push(room.as_(ANN), book(room, parent=SHELF))
    assert outcome.status is Status.HELD


def test_the_parent_comes_into_sight_and_the_phone_asks_again(room: World) -> None:
    room.push(room.system, shelf(room, PARENT, "room-two"))
    child = book(room)
    room.push(room.as_(ANN), child)
    room.grant(ANN, "room-two")
    (again,) = room.push(room.as_(ANN), child)
    assert (again.status, again.first, again.seq) == (Status.REPEATED, Status.APPLIED, room.clock)
    assert waiting(room) == set()
    assert list(room.sees(ANN, "books")) == [BOOK]


def test_the_parent_comes_into_sight_and_nobody_asks(room: World) -> None:
    room.push(room.system, shelf(room, PARENT, "room-two"))
    room.push(room.as_(ANN), book(room))
    room.grant(ANN, "room-two")
    room.later(timedelta(days=5, seconds=1))
    give_up(room)
    assert list(room.sees(ANN, "books")) == [BOOK]
    assert (room.sees(ANN, "rejected_writes"), waiting(room)) == ({}, set())


def test_a_parent_that_comes_into_sight_by_a_move_wakes_what_waits(room: World) -> None:
    room.push(room.system, shelf(room, PARENT, "room-two"))
    room.push(room.as_(ANN), book(room))
    room.put(room.system, "shelves", PARENT, {"scopes": [ROOM]})
    assert list(room.sees(ANN, "books")) == [BOOK]


def test_after_five_days_it_is_given_up_and_kept_for_its_author(room: World) -> None:
    child = book(room, title="typed")
    room.push(room.as_(ANN), child)
    room.later(timedelta(days=5, seconds=-1))
    assert (give_up(room), waiting(room)) == (0, {child.op_id})
    room.later(timedelta(seconds=2))
    assert (give_up(room), waiting(room)) == (1, set())
    (kept,) = room.sees(ANN, "rejected_writes").values()
    assert (kept["problem"], kept["record_id"], kept["op_id"]) == ("parent-unknown", BOOK, child.op_id)
    assert "typed" in kept["payload"]
    (again,) = room.push(room.as_(ANN), child)
    assert (again.status, again.first, slug(again.problem)) == (
        Status.REPEATED,
        Status.REJECTED,
        "parent-unknown",
    )
    room.push(room.as_(BOB), shelf(room))  # too late
    assert room.sees(ANN, "books") == {}


def test_many_are_given_up_in_turns(room: World) -> None:
    room.push(room.as_(ANN), *(book(room, f"book-{n:04}") for n in range(5)))
    room.later(timedelta(days=6))
    with room.transaction() as connection:
        turns = [deadlines.give_up(connection, room.door, room.tenant, room.now, most=2) for _ in range(4)]
    assert turns == [2, 2, 1, 0]
    assert len(room.sees(ANN, "rejected_writes")) == 5


def test_what_waits_keeps_who_sent_it(room: World) -> None:
    from dataclasses import replace

    sender = replace(room.as_(ANN), token_scopes=frozenset({"books:write"}))
    child = book(room)
    room.push(sender, child)
    with room.transaction() as connection:
        (waits,) = held.waiting_for(connection, room.tenant, [("shelves", PARENT)])
    assert (waits.actor, waits.change) == (sender, child)


@pytest.mark.parametrize("where", ["nowhere", "out of sight"])
def test_a_move_to_a_parent_that_is_not_there_waits(room: World, where: str) -> None:
    if where == "out of sight":
        room.push(room.system, shelf(room, PARENT, "room-two"))
    room.push(room.as_(ANN), book(room, parent=SHELF, title="stays"))
    outcome = room.put(room.as_(ANN), "books", BOOK, {"shelf_id": PARENT})
    assert outcome.status is Status.HELD
    assert room.sees(BOB, "books")[BOOK]["shelf_id"] == SHELF
    if where == "out of sight":
        room.put(room.system, "shelves", PARENT, {"scopes": [ROOM]})
    else:
        room.push(room.as_(BOB), shelf(room))
    assert room.sees(BOB, "books")[BOOK]["shelf_id"] == PARENT


def test_an_edit_of_what_waits_waits_behind_it(room: World) -> None:
    sent = [
        book(room, title="first"),
        room.change("books", BOOK, {"title": "second"}),
        room.change("books", BOOK, {"pages": 3}),
    ]
    assert [room.push(room.as_(ANN), one)[0].status for one in sent] == [Status.HELD] * 3
    room.push(room.as_(BOB), shelf(room))
    found = room.sees(BOB, "books")[BOOK]
    assert (found["title"], found["pages"]) == ("second", 3)
    assert room.sees(ANN, "rejected_writes") == {}


@pytest.mark.parametrize("at_once", [True, False], ids=["in one push", "across pushes"])
def test_what_was_deleted_while_it_waited_does_not_come_to_life(room: World, at_once: bool) -> None:
    sent = [book(room), room.change("books", BOOK, deleted=True)]
    if at_once:
        room.push(room.as_(ANN), *sent)
    else:
        for one in sent:
            room.push(room.as_(ANN), one)
    room.push(room.as_(BOB), shelf(room))
    assert room.sees(ANN, "books") == {}
    assert waiting(room) == set()


def test_what_another_person_holds_back_holds_nobody_else_back(room: World) -> None:
    room.push(room.as_(ANN), book(room))
    outcome = room.put(room.as_(BOB), "books", BOOK, {"title": "Bob guesses"})
    assert outcome.status is Status.REJECTED


def test_many_wake_in_few_statements(room: World) -> None:
    """All of it happens under the tenant's clock."""
    for n in range(2):
        room.push(room.as_(ANN), *(book(room, f"book-{n}-{k:04}") for k in range(100)))
    sent: list[str] = []

    def note(*event: object) -> None:
        sent.append(str(event[2]))

    listen(room.database.engine, "before_cursor_execute", note)
    try:
        room.push(room.as_(BOB), shelf(room))
    finally:
        remove(room.database.engine, "before_cursor_execute", note)
    assert len(room.sees(ANN, "books")) == 200
    assert len(sent) < 40
