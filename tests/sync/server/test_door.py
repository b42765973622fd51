"""The door: who hears of a change, one op heard once, and how much goes through at once."""

from __future__ import annotations

import pytest

from schemas.problems import Refused
from sync.changes import Status
from tests.sync.server.world import ANN, BOB, BOOK, EVE, ROOM, SHELF, World


def slug(problem: object) -> str:
    assert isinstance(problem, dict)
    return str(problem["type"]).removeprefix("/problems/")


def test_a_record_reaches_those_in_its_scopes(room: World) -> None:
    room.grant(EVE, "room-two")
    assert list(room.sees(ANN, "shelves")) == [SHELF]
    assert list(room.sees(BOB, "shelves")) == [SHELF]
    assert room.sees(EVE, "shelves") == {}
    assert room.pull(ANN, room.pull(ANN).cursor).rows == []


def test_the_same_op_is_heard_once(room: World) -> None:
    change = room.change("books", BOOK, {"shelf_id": SHELF, "title": "one"})
    (first,), (again,) = room.push(room.as_(ANN), change), room.push(room.as_(ANN), change)
    assert (first.status, again.status, again.first) == (Status.APPLIED, Status.REPEATED, Status.APPLIED)
    assert (again.seq, again.record, again.problem) == (first.seq, None, None)
    assert room.clock == first.seq  # no number was taken for the second


def test_the_same_op_twice_in_one_push_is_heard_once(room: World) -> None:
    change = room.change("books", BOOK, {"shelf_id": SHELF, "title": "one"})
    first, again = room.push(room.as_(ANN), change, change)
    assert (first.status, again.status, again.seq) == (Status.APPLIED, Status.REPEATED, first.seq)


def test_a_merged_answer_is_repeated_with_the_record_as_it_stands(room: World) -> None:
    seq = room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "state": "shown"}).seq
    edit = room.change("books", BOOK, {"pages": 7}, base_seq=seq)
    room.put(room.as_(BOB), "books", BOOK, {"text": "from Bob"}, base_seq=seq)
    (first,) = room.push(room.as_(ANN), edit)
    room.put(room.as_(BOB), "books", BOOK, {"tags": ["tag-later"]}, base_seq=first.seq)
    (again,) = room.push(room.as_(ANN), edit)
    assert first.status is Status.MERGED
    assert first.record is not None
    assert (first.record["text"], first.record["pages"], first.record["tags"]) == ("from Bob", 7, None)
    assert (again.status, again.first) == (Status.REPEATED, Status.MERGED)
    assert again.record is not None
    assert again.record["tags"] == ["tag-later"]
    assert again.seq == room.clock


def test_a_rejected_answer_is_repeated_with_its_problem(room: World) -> None:
    change = room.change("books", BOOK, {"shelf_id": SHELF, "title": "forbidden"})
    (first,), (again,) = room.push(room.as_(ANN), change), room.push(room.as_(ANN), change)
    assert (first.status, again.status, again.first) == (Status.REJECTED, Status.REPEATED, Status.REJECTED)
    assert slug(first.problem) == slug(again.problem) == "not-allowed"
    assert len(room.sees(ANN, "rejected_writes")) == 1


@pytest.mark.parametrize("what", ["another payload", "another person"])
def test_an_op_id_names_one_change_of_one_person(room: World, what: str) -> None:
    change = room.change("books", BOOK, {"shelf_id": SHELF, "title": "mine"}, op_id="op-shared")
    (first,) = room.push(room.as_(ANN), change)
    other = room.change("books", BOOK, {"shelf_id": SHELF, "title": "typed too"}, op_id="op-shared")
    sender = ANN if what == "another payload" else BOB
    (refused,) = room.push(room.as_(sender), other if sender == ANN else change)
    assert (refused.status, slug(refused.problem)) == (Status.REJECTED, "op-id-reused")
    assert (refused.seq, refused.record) == (None, None)
    (kept,) = room.sees(sender, "rejected_writes").values()
    assert (kept["op_id"], kept["problem"], kept["person_id"]) == ("op-shared", "op-id-reused", sender)
    assert ("typed too" if sender == ANN else "mine") in kept["payload"]
    (again,) = room.push(room.as_(ANN), change)  # the first op's receipt is untouched
    assert (again.status, again.first, again.seq) == (Status.REPEATED, Status.APPLIED, first.seq)


def test_the_same_op_id_in_another_tenant_is_another_op(room: World) -> None:
    elsewhere = World(room.database)
    elsewhere.grant(ANN, ROOM)
    for world in (room, elsewhere):
        outcome = world.put(world.as_(ANN), "shelves", "shelf-two", {"scopes": [ROOM]}, op_id="op-both")
        assert outcome.status is Status.APPLIED


def test_500_changes_go_through_at_once_and_501_do_not(room: World) -> None:
    many = [room.change("books", f"book-{n:04}", {"shelf_id": SHELF, "state": "shown"}) for n in range(501)]
    before = room.clock
    with pytest.raises(Refused) as refused:
        room.push(room.as_(ANN), *many)
    assert (refused.value.problem.slug, refused.value.extra) == ("too-many-changes", {"limit": 500})
    assert room.clock == before
    outcomes = room.push(room.as_(ANN), *many[:500])
    assert [outcome.seq for outcome in outcomes] == list(range(before + 1, before + 501))
    assert {outcome.status for outcome in outcomes} == {Status.APPLIED}
    assert len(room.pull(BOB, limit=1000).rows) == 501


def test_an_empty_push_answers_nothing_and_takes_no_number(room: World) -> None:
    before = room.clock
    assert room.push(room.as_(ANN)) == []
    assert room.clock == before


def test_a_phone_without_scopes_sees_nothing(room: World) -> None:
    page = room.pull(EVE)
    assert (page.rows, page.more, page.cursor.seq) == ([], False, room.clock)


def test_what_a_person_may_not_see_she_may_not_write(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "title": "ours", "state": "shown"})
    for change in (
        room.change("books", BOOK, {"title": "hers"}),
        room.change("books", BOOK, {"title": "hers"}, base_seq=3),
        room.change("books", BOOK, {"shelf_id": SHELF, "title": "hers"}),
        room.change("books", BOOK, deleted=True),
        room.change("shelves", SHELF, {"label": "hers", "scopes": [EVE]}),
    ):
        (outcome,) = room.push(room.as_(EVE), change)
        assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "not-found")
        assert (outcome.record, outcome.seq, outcome.deleted) == (None, None, True)
    assert room.sees(ANN, "books")[BOOK]["title"] == "ours"


def test_a_phone_does_not_write_what_the_server_alone_writes(room: World) -> None:
    outcome = room.put(room.as_(ANN), "rejected_writes", "rejected-one", {"person_id": BOB})
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "read-only-collection")
    assert room.sees(BOB, "rejected_writes") == {}
