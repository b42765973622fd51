"""What the RxDB dialect adds to the feed and the door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from sync.changes import Record
from sync.server import feed
from sync.server.actor import Actor
from sync.server.dialects import retries, rxdb
from sync.server.dialects.rxdb import START, Checkpoint, Row
from tests.sync.server.world import ANN, BOB, BOOK, ROOM, SHELF, World

ROOMS = [ROOM, "room-two", "room-three"]


def push(
    world: World, actor: Actor, state: Mapping[str, Any], base: Mapping[str, Any] | None = None
) -> list[Record]:
    """Push one row of a book."""
    with world.transaction() as connection:
        row = Row(str(state["id"]), state, base)
        return rxdb.push(world.door, connection, actor, world.kinds["books"], [row], "[]")


def page(world: World, person: str, since: Checkpoint, limit: int) -> tuple[list[Record], Checkpoint]:
    """One page of books, as the wire says it."""
    with world.transaction() as connection:
        said = orjson.loads(rxdb.page_text(rxdb.pull(connection, world.as_(person), "books", since, limit)))
    return said["documents"], Checkpoint(**said["checkpoint"])


def book(world: World) -> Record:
    """The book as Ann's empty phone is given it."""
    ((document,), _) = page(world, ANN, Checkpoint(), 10)
    return document


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("seed", range(5))
def test_every_page_is_full_to_the_end_and_names_nobody_twice(room: World, limit: int, seed: int) -> None:
    """Books that stand in several rooms come to who enters them all under several numbers each."""
    rng, system = Random(seed), room.system
    for number in range(8):
        room.put(system, "shelves", f"shelf-{number:04}", {"scopes": rng.sample(ROOMS, rng.randint(1, 3))})
        fields = {"shelf_id": f"shelf-{number:04}", "title": f"{number}", "state": "shown"}
        room.put(system, "books", f"book-{number:04}", fields)
    held, at = {}, Checkpoint()
    for scope in (*ROOMS[1:], None):
        documents = [{"id": ""}] * limit
        while len(documents) == limit:
            documents, at = page(room, BOB, at, limit)
            ids = [document["id"] for document in documents]
            assert len(ids) == len(set(ids))
            held |= {document["id"]: document for document in documents if document["id"] != START}
        if scope:
            room.grant(BOB, scope)
    assert {i: d["title"] for i, d in held.items()} == {f"book-{n:04}": f"{n}" for n in range(8)}


def test_a_row_that_comes_under_two_numbers_leaves_no_gap(
    room: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three numbers of two books fill a page of three only after the feed was asked again."""
    for name in ("book-one", "book-two", "book-six"):
        room.put(room.system, "books", name, {"shelf_id": SHELF, "state": "shown"})
    asked, real = [], feed.pull

    def twice(connection: Any, actor: Any, collections: Any, cursor: Any, limit: int, form: Any) -> feed.Page:
        found = real(connection, actor, collections, cursor, limit, form)
        asked.append(limit)
        if len(asked) > 1:
            return found
        one, two, _ = rxdb._documents(found)
        at = replace(found.cursor, seq=orjson.loads(two + b"}")["seq"])
        ids = [found.ids[0], *found.ids[:2]]
        return replace(found, pieces=[one, one, two], ids=ids, cursor=at, more=True)

    monkeypatch.setattr(feed, "pull", twice)
    documents, _ = page(room, BOB, Checkpoint(), 3)
    assert sorted(document["id"] for document in documents) == ["book-one", "book-six", "book-two"]
    assert asked == [3, 1]


def test_bodies_are_never_parsed(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "title": '"collection":', "state": "shown"})
    assert book(room)["title"] == '"collection":'
    with room.transaction() as connection:
        odd = text("UPDATE sync_document SET body = :body WHERE tenant_id = :tenant AND record_id = :id")
        connection.execute(odd, {"body": '{"id":1e1}', "tenant": room.tenant, "id": BOOK})
        found = rxdb.pull(connection, room.as_(ANN), "books", Checkpoint(), 10)
    assert rxdb.page_text(found).startswith(b'{"documents":[{"id":1e1,"seq":')


def test_a_name_that_rxdb_keeps_for_itself_has_another_there(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "title": "forbidden"})
    with room.transaction() as connection:
        found = rxdb.pull(connection, room.as_(ANN), "rejected_writes", Checkpoint(), 10)
    (kept,) = json.loads(rxdb.page_text(found))["documents"]
    assert (kept["collection_name"], "collection" in kept) == ("books", False)


def test_what_equals_the_base_is_no_edit_however_it_was_written(room: World) -> None:
    """A base that the phone wrote otherwise than we store it must not undo another's edit."""
    ann, bob = room.as_(ANN), room.as_(BOB)
    room.put(room.system, "books", BOOK, {"shelf_id": SHELF, "title": "caf\u00e9", "state": "shown"})
    base = book(room) | {"title": "cafe\u0301", "created_at": "2026-11-21T09:30:00+01:00"}
    push(room, bob, book(room) | {"title": "tea"}, book(room))
    (answer,) = push(room, ann, base | {"pages": 7}, base)
    assert (answer["title"], answer["pages"]) == ("tea", 7)


def test_a_null_state_says_nothing(room: World) -> None:
    push(room, room.as_(ANN), {"id": BOOK, "shelf_id": SHELF, "state": "shown"})
    stands = book(room)
    push(room, room.as_(ANN), stands | {"state": None, "title": "one"}, stands)
    assert (book(room)["state"], book(room)["title"]) == ("shown", "one")


def test_an_empty_field_of_who_never_saw_the_record_is_no_conflict(room: World) -> None:
    push(room, room.as_(BOB), {"id": BOOK, "shelf_id": SHELF, "title": "one", "state": "shown"})
    (answer,) = push(room, room.as_(ANN), {"id": BOOK, "shelf_id": SHELF, "title": None, "state": "shown"})
    assert answer["title"] == "one"
    assert room.sees(ANN, "conflicts") == {}


def test_the_same_words_again_are_a_repetition_until_the_device_said_others(room: World) -> None:
    ann = room.as_(ANN)
    push(room, ann, {"id": BOOK, "shelf_id": SHELF, "title": "one", "state": "shown"})
    first = book(room)
    push(room, ann, first | {"title": "two"}, first)
    push(room, room.as_(BOB), book(room) | {"title": "three"}, book(room))
    push(room, ann, first | {"title": "two"}, first)
    assert book(room)["title"] == "three"  # she had said so before Bob did
    push(room, ann, first | {"title": "four"}, first)
    push(room, ann, first | {"title": "two"}, first)
    assert book(room)["title"] == "two"


def test_without_the_forgetting_words_said_anew_are_lost(
    room: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "forget_said_anew", lambda *_: None)
    ann = room.as_(ANN)
    push(room, ann, {"id": BOOK, "shelf_id": SHELF, "title": "one", "state": "shown"})
    first = book(room)
    for was, becomes in (("one", "two"), ("two", "one"), ("one", "two")):
        push(room, ann, first | {"title": becomes}, first | {"title": was})
    assert book(room)["title"] == "one"
