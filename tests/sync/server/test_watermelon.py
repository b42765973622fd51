"""What the engine does for a library that hears of nothing but its pulls: truth told to one person alone, and bases made of two parts."""

from __future__ import annotations

from sync.changes import Status
from sync.cursor import Cursor
from sync.server import deadlines, held
from tests.sync.server.world import ANN, BOB, BOOK, EVE, SHELF, World


def tell(room: World, person: str, *keys: tuple[str, str]) -> None:
    with room.transaction() as connection:
        room.door.tell(connection, room.as_(person), list(keys))


def news(room: World, person: str, since: Cursor) -> list[tuple[str, bool]]:
    """(id, visible) of what came after the cursor."""
    return [(row.id, row.visible) for row in room.pull(person, since).rows]


def test_who_is_told_gets_the_record_again_and_nobody_else_does(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "state": "shown"})
    ann, bob = room.pull(ANN).cursor, room.pull(BOB).cursor
    tell(room, ANN, ("books", BOOK))
    assert news(room, ANN, ann) == [(BOOK, True)]
    assert news(room, BOB, bob) == []
    again = room.pull(ANN, ann).cursor
    assert news(room, ANN, again) == []
    assert list(room.sees(ANN, "books")) == [BOOK]


def test_a_record_that_stands_in_her_own_scope_stays_there(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "state": "secret"})
    cursor = room.pull(ANN).cursor
    tell(room, ANN, ("books", BOOK))
    tell(room, ANN, ("books", BOOK))
    assert news(room, ANN, cursor) == [(BOOK, True)]
    assert list(room.sees(ANN, "books")) == [BOOK]


def test_what_never_was_and_what_is_not_hers_look_alike(room: World) -> None:
    room.grant(EVE, EVE)
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "state": "shown"})
    cursor = room.pull(EVE).cursor
    tell(room, EVE, ("books", BOOK), ("books", "book-none"), ("scores", "score-one"))
    rows = room.pull(EVE, cursor).rows
    assert [(row.id, row.visible, row.body) for row in rows] == [
        (BOOK, False, None),
        ("book-none", False, None),
    ]
    assert room.pull(EVE).rows == []  # an empty phone hears of neither


def test_an_id_of_which_somebody_was_told_that_it_is_gone_can_still_be_born(room: World) -> None:
    cursor = room.pull(ANN).cursor
    tell(room, ANN, ("books", BOOK))
    made = room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "state": "secret"})
    assert made.status is Status.APPLIED
    assert news(room, ANN, cursor) == [(BOOK, True)]
    assert list(room.sees(ANN, "books")) == [BOOK]


def test_a_phone_that_took_held_for_an_answer_hears_when_it_is_refused(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": "shelf-two", "title": "forbidden"})
    cursor = room.pull(ANN).cursor
    room.put(room.as_(BOB), "shelves", "shelf-two", {"scopes": [ANN, BOB]})
    assert (BOOK, False) in news(room, ANN, cursor)


def test_a_phone_that_took_held_for_an_answer_hears_when_it_is_given_up(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": "shelf-two"})
    cursor = room.pull(ANN).cursor
    room.later(2 * held.DEADLINE)
    with room.transaction() as connection:
        assert deadlines.give_up(connection, room.door, room.tenant, room.now) == 1
    assert (BOOK, False) in news(room, ANN, cursor)


def test_what_a_device_sent_since_its_base_lies_on_top_of_it(room: World) -> None:
    """Ann's phone read at `base`, sent "one two", heard nothing, and typed on; Bob wrote in between."""
    put = room.put
    base = put(
        room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "state": "shown", "text": "one", "title": "a"}
    ).seq
    put(room.as_(ANN), "books", BOOK, {"text": "one two"}, base_seq=base)
    put(room.as_(BOB), "books", BOOK, {"text": "zero one two"}, base_seq=room.clock)
    typed_on = {"text": "one two three", "title": "b"}
    put(room.as_(ANN), "books", BOOK, typed_on, base_seq=base, base_fields={"text": "one two", "not": "hers"})
    record = room.sees(BOB, "books")[BOOK]
    assert (record["text"], record["title"]) == ("zero one two three", "b")
    assert room.sees(ANN, "conflicts") == {}


def test_without_the_number_only_what_it_sent_is_known(room: World) -> None:
    """A base from another life: the text that the phone sent is a base, the title is not."""
    put = room.put
    made = {"shelf_id": SHELF, "state": "shown", "text": "one", "title": "a"}
    base = put(room.as_(ANN), "books", BOOK, made).seq
    put(room.as_(BOB), "books", BOOK, {"title": "b"}, base_seq=base)
    lost = 10**12
    put(room.as_(ANN), "books", BOOK, {"text": "one two"}, base_seq=lost, base_fields={"text": "one"})
    put(room.as_(ANN), "books", BOOK, {"title": "c"}, base_seq=lost, base_fields={"text": "one two"})
    record = room.sees(BOB, "books")[BOOK]
    assert (record["text"], record["title"]) == ("one two", "b")
    (conflict,) = room.sees(ANN, "conflicts").values()
    assert (conflict["kept"], conflict["other"]) == ("b", "c")


def test_a_conflict_with_the_service_itself_is_kept_for_the_person_alone(room: World) -> None:
    """An import wrote the field; the service is nobody who could be told."""
    put = room.put
    put(room.system, "books", BOOK, {"shelf_id": SHELF, "state": "shown", "text": "one"})
    assert put(room.as_(ANN), "books", BOOK, {"text": "two"}).status is Status.MERGED
    (conflict,) = room.sees(ANN, "conflicts").values()
    assert (conflict["kept_by"], conflict["other_by"]) == ("system", ANN)
    assert room.ask("SELECT person_id FROM kept_conflicts WHERE tenant_id = :tenant") == [(ANN,)]
