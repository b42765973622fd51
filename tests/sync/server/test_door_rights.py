"""Deletes against edits, who may write and what she is told, and the values that are the server's own."""

from __future__ import annotations

from typing import Any

import pytest

from sync.changes import Outcome, Record, Status
from sync.server.actor import Actor
from sync.server.kind import Near
from tests.sync.server.test_door import slug
from tests.sync.server.test_door_policies import SAW_IT, stands, start
from tests.sync.server.world import ANN, BOB, BOOK, EVE, ROOM, SHELF, World

# delete against edit


def edit_after_delete(world: World, **base: Any) -> Outcome:
    seq, record = start(world, text="start")
    assert world.delete(world.as_(BOB), "books", BOOK).deleted
    given = (
        {"base_seq": seq} if "base_seq" in base else {"base_fields": record} if "base_fields" in base else {}
    )
    return world.put(world.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "text": "typed offline"}, **given)


@pytest.mark.parametrize("saw", [*SAW_IT, "nothing"])
def test_a_deleted_record_stays_deleted_and_the_edit_is_kept(room: World, saw: str) -> None:
    outcome = edit_after_delete(room, **{saw: None})
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "record-deleted")
    assert (outcome.deleted, outcome.record) == (True, None)
    (kept,) = room.sees(ANN, "rejected_writes").values()
    assert (kept["problem"], kept["record_id"]) == ("record-deleted", BOOK)
    assert "typed offline" in kept["payload"]
    assert room.sees(ANN, "books") == room.sees(BOB, "books") == {}


def test_who_never_saw_a_record_is_not_told_that_it_was_deleted(room: World) -> None:
    room.put(room.as_(BOB), "books", BOOK, {"shelf_id": SHELF, "state": "secret"})
    room.delete(room.as_(BOB), "books", BOOK)
    outcome = room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF})
    assert slug(outcome.problem) == "not-found"


def test_a_delete_wins_over_an_edit_that_it_had_not_seen(room: World) -> None:
    seq, _ = start(room, text="start")
    room.put(room.as_(ANN), "books", BOOK, {"text": "typed"}, base_seq=seq)
    outcome = room.push(room.as_(BOB), room.change("books", BOOK, deleted=True, base_seq=seq))[0]
    assert (outcome.status, outcome.deleted, outcome.seq) == (Status.APPLIED, True, room.clock)
    last = room.ask("SELECT body FROM sync_history WHERE tenant_id = :tenant ORDER BY seq DESC LIMIT 1")
    assert '"text":"typed"' in last[0].body


def test_a_second_delete_is_applied_and_takes_no_number(room: World) -> None:
    start(room)
    first = room.delete(room.as_(BOB), "books", BOOK)
    again = room.delete(room.as_(ANN), "books", BOOK)
    assert [(o.status, o.deleted, o.seq) for o in (first, again)] == [(Status.APPLIED, True, first.seq)] * 2
    assert room.clock == first.seq


def test_who_may_not_delete_does_not(room: World) -> None:
    start(room)
    with room.books_with(may_delete=lambda actor, record, near: False):
        outcome = room.delete(room.as_(ANN), "books", BOOK)
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "not-allowed")
    assert outcome.record == stands(room)


# rights and the server's own values


@pytest.mark.parametrize(("was", "becomes"), [("locked", "open"), ("open", "locked")])
def test_the_right_is_needed_on_the_row_as_it_was_and_as_it_would_become(
    room: World, was: str, becomes: str
) -> None:
    def unlocked(actor: Actor, record: Record, near: Near) -> bool:
        return bool(record["title"] != "locked")

    seq, _ = start(room, title=was)
    with room.books_with(may_write=unlocked):
        outcome = room.put(room.as_(ANN), "books", BOOK, {"title": becomes}, base_seq=seq)
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "not-allowed")
    assert stands(room)["title"] == was


def test_what_decides_the_audience_needs_sight_of_the_new_one(room: World) -> None:
    """She may not move a record to where she cannot see it arrive."""
    seq, _ = start(room)
    room.grant(EVE, "room-two")
    room.put(room.system, "shelves", "shelf-two", {"scopes": ["room-two"]})
    outcome = room.put(room.as_(ANN), "books", BOOK, {"shelf_id": "shelf-two"}, base_seq=seq)
    assert outcome.status is Status.HELD
    assert room.sees(EVE, "books") == {}


def test_what_left_her_sight_does_not_come_back_in_an_answer(room: World) -> None:
    seq, _ = start(room, text="start")
    room.put(room.system, "shelves", SHELF, {"scopes": ["room-two"]}, base_fields={"scopes": [ROOM]})
    outcome = room.put(room.as_(ANN), "books", BOOK, {"text": "typed"}, base_seq=seq)
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "not-found")
    assert (outcome.record, outcome.seq, outcome.deleted) == (None, None, True)
    assert "typed" in next(iter(room.sees(ANN, "rejected_writes").values()))["payload"]


def test_the_server_s_own_values_are_ignored(room: World) -> None:
    claims = {
        "id": "book-other",
        "created_by": ANN,
        "created_at": "1999-01-01T00:00:00Z",
        "updated_at": "2999-01-01T00:00:00Z",
    }
    fields = {"shelf_id": SHELF, "state": "shown"}
    made = room.put(room.as_(BOB), "books", BOOK, fields | claims)
    edited = room.put(room.as_(ANN), "books", BOOK, {"title": "new"} | claims, base_seq=made.seq)
    assert (made.status, edited.status) == (Status.APPLIED, Status.APPLIED)
    book = stands(room)
    assert (book["id"], book["created_by"]) == (BOOK, BOB)
    assert book["created_at"][:4] == book["updated_at"][:4] == str(room.now.year)
