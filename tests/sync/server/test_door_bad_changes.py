"""One bad change spoils no other: whatever one row holds, its neighbours go through, and it is kept for its author."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from service.database import Database
from sync.changes import Change, Outcome, Record, Status
from sync.server.actor import Actor
from sync.server.kind import Effect, Near, Write
from tests.conftest import owner_url
from tests.sync.server.test_door import slug
from tests.sync.server.world import ANN, BOB, BOOK, ROOM, SHELF, World

CANNOT_BE_READ: dict[str, dict[str, Any]] = {
    "fields: a list": {"fields": [1, 2]},
    "fields: a number": {"fields": 5},
    "fields: null": {"fields": None},
    "fields: text": {"fields": "title"},
    "op_id: a number": {"op_id": 5},
    "op_id: null": {"op_id": None},
    "op_id: a list": {"op_id": [1]},
    "op_id: an object": {"op_id": {}},
    "op_id: empty": {"op_id": ""},
    "op_id: with a space": {"op_id": "op 1"},
    "op_id: too long": {"op_id": "x" * 201},
    "op_id: text that grows when normalised": {"op_id": "\ufb2c" * 200},
    "op_id: a newline at the end": {"op_id": "op-1\n"},
    "id: a lone surrogate": {"id": "\ud800-book-one"},
    "id: a NUL": {"id": "book\0-one"},
    "id: null": {"id": None},
    "id: a list": {"id": ["book-one"]},
    "id: too short": {"id": "book-1"},
    "id: too long": {"id": "b" * 65},
    "id: a slash": {"id": "../book-one"},
    "id: a newline at the end": {"id": "book-one\n"},
    "id: text that grows when normalised": {"id": "\ufb2c" * 200},
    "collection: null": {"collection": None},
    "collection: a list": {"collection": []},
    "collection: a NUL": {"collection": "books\0"},
    "collection: SQL": {"collection": "books; --"},
    "collection: text that grows when normalised": {"collection": "\ufb2c" * 200},
    "base_seq: huge": {"base_seq": 10**400},
    "base_seq: negative": {"base_seq": -1},
    "base_seq: text": {"base_seq": "3"},
    "base_seq: a boolean": {"base_seq": True},
    "base_seq: a fraction": {"base_seq": 3.5},
}
CANNOT_BE_TAKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "a title that is a number": ("/fields/title", {"title": 5}),
    "a title that is an object": ("/fields/title", {"title": {"a": [{}]}}),
    "a NUL": ("/fields/title", {"title": "a\0b"}),
    "a lone surrogate": ("/fields/title", {"title": "\ud800"}),
    "a title too long": ("/fields/title", {"title": "x" * 201}),
    "a title that grows when normalised": ("/fields/title", {"title": "\ufb2c" * 200}),
    "half a million characters": ("/fields/title", {"title": "x" * 500_000}),
    "a huge number": ("/fields/pages", {"pages": 10**400}),
    "a number beyond the column": ("/fields/pages", {"pages": 2**31}),
    "infinity": ("/fields/pages", {"pages": float("inf")}),
    "not a number": ("/fields/pages", {"pages": float("nan")}),
    "a boolean for a number": ("/fields/pages", {"pages": True}),
    "a moment without an offset": ("/fields/read_at", {"read_at": "2026-11-21T09:30:00"}),
    "a moment before all calendars": ("/fields/read_at", {"read_at": "0001-01-01T00:00:00+23:59"}),
    "a moment that is a number": ("/fields/read_at", {"read_at": 5}),
    "a tag that is an object": ("/fields/tags/0", {"tags": [{}]}),
    "tags that are text": ("/fields/tags", {"tags": "tag-one-two"}),
    "a state that is none": ("/fields/state", {"state": "lost"}),
    "an unknown field": ("/fields/colour", {"colour": "red"}),
    "an unknown field that is no text": ("/fields/\\ud800", {"\ud800": 1}),
    "a parent that is no id": ("/fields/shelf_id", {"shelf_id": "shelf"}),
    "a parent that is null": ("/fields/shelf_id", {"shelf_id": None}),
    "no parent": ("/fields/shelf_id", {"shelf_id": ...}),
}


def push_between(world: World, bad: Change) -> Outcome:
    """Push the change between two good ones of the same kind; both must go through."""
    number = world.clock
    good = [
        world.change("books", f"book-{n}-{number:04}", {"shelf_id": SHELF, "title": "good"}) for n in (1, 2)
    ]
    first, outcome, last = world.push(world.as_(ANN), good[0], bad, good[1])
    assert (first.status, last.status) == (Status.APPLIED, Status.APPLIED)
    seen = world.sees(ANN, "books")
    assert {change.id for change in good} <= seen.keys()
    return outcome


def the_kept(world: World) -> Record:
    (kept,) = world.sees(ANN, "rejected_writes").values()
    assert world.sees(BOB, "rejected_writes") == {}
    return kept


@pytest.mark.parametrize("case", CANNOT_BE_READ)
def test_a_change_that_cannot_be_read(room: World, case: str) -> None:
    (member,) = CANNOT_BE_READ[case]
    bad = replace(room.change("books", BOOK, {"shelf_id": SHELF, "title": "typed"}), **CANNOT_BE_READ[case])
    outcome = push_between(room, bad)
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "invalid-change")
    assert outcome.problem is not None
    assert list(outcome.problem["errors"]) == [f"/{member}"]
    assert BOOK not in room.sees(ANN, "books")
    kept = the_kept(room)
    assert (kept["problem"], kept["person_id"]) == ("invalid-change", ANN)
    assert ("typed" in kept["payload"]) == (member != "fields")
    # the phone sends it for ever; its author has seen enough of it: the good ones still go through
    push_between(room, bad)
    assert room.delete(room.as_(ANN), "rejected_writes", kept["id"]).status is Status.APPLIED
    push_between(room, bad)
    assert room.sees(ANN, "rejected_writes") == {}


@pytest.mark.parametrize("case", CANNOT_BE_TAKEN)
def test_a_change_that_cannot_be_taken(room: World, case: str) -> None:
    pointer, wrong = CANNOT_BE_TAKEN[case]
    fields = {name: value for name, value in ({"shelf_id": SHELF} | wrong).items() if value is not ...}
    outcome = push_between(room, room.change("books", BOOK, fields, op_id="op-bad"))
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "invalid-record")
    assert outcome.problem is not None
    assert list(outcome.problem["errors"]) == [pointer]
    kept = the_kept(room)
    assert (kept["record_id"], kept["op_id"], kept["problem"]) == (BOOK, "op-bad", "invalid-record")
    assert pointer in kept["detail"]
    if case != "half a million characters":  # that one is cut; the raw push stands in the inbox
        assert json.loads(kept["payload"])["fields"].keys() == fields.keys()


def test_a_collection_that_is_not_there(room: World) -> None:
    outcome = push_between(room, room.change("novels", BOOK, {"title": "typed"}))
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "unknown-collection")
    assert the_kept(room)["collection"] == "novels"


def test_an_unusable_base_is_no_base(room: World) -> None:
    seq = room.put(room.as_(BOB), "books", BOOK, {"shelf_id": SHELF, "title": "Bob's", "state": "shown"}).seq
    assert seq is not None
    outcome = room.put(room.as_(ANN), "books", BOOK, {"title": "Ann's"}, base_seq=seq + 10**9)
    assert outcome.record is not None
    assert (outcome.status, outcome.record["title"]) == (Status.MERGED, "Bob's")
    assert {kept["other"] for kept in room.sees(ANN, "conflicts").values()} == {"Ann's"}


# faults of ours


def _breaks(actor: Actor, write: Write, near: Near) -> Record | None:
    if write.after and write.after["title"] == "break the rule":
        raise KeyError("a bug in a rule")
    return None


def _breaks_after(actor: Actor, write: Write, near: Near) -> Iterator[Effect]:
    if write.after and write.after["title"] == "break the effect":
        raise ZeroDivisionError("a bug in an effect")
    yield from ()


def _for_ever(actor: Actor, write: Write, near: Near) -> Iterator[Effect]:
    yield Change(f"op-{write.id}", "books", f"{write.id}x", {"shelf_id": SHELF})


@pytest.mark.parametrize("title", ["break the rule", "break the effect"])
def test_a_rule_with_a_bug_refuses_only_the_change_it_was_asked_about(room: World, title: str) -> None:
    before = room.clock
    with room.books_with(check=_breaks, effects=_breaks_after):
        outcome = push_between(room, room.change("books", BOOK, {"shelf_id": SHELF, "title": title}))
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "internal")
    assert BOOK not in room.sees(ANN, "books")
    assert title in the_kept(room)["payload"]
    assert room.clock == before + 3  # two books and the rejected write; what was undone took no number


def test_effects_without_end_refuse_only_their_change(room: World) -> None:
    def only_this(actor: Actor, write: Write, near: Near) -> Iterator[Effect]:
        return _for_ever(actor, write, near) if write.id.startswith(BOOK) else iter(())

    with room.books_with(effects=only_this):
        outcome = push_between(room, room.change("books", BOOK, {"shelf_id": SHELF}))
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "internal")
    assert not [book for book in room.sees(ANN, "books") if book.startswith(BOOK)]


def test_a_held_change_that_breaks_a_rule_does_not_stop_its_parent(room: World) -> None:
    with room.books_with(check=_breaks):
        fields = {"shelf_id": "shelf-two", "title": "break the rule"}
        assert room.put(room.as_(ANN), "books", BOOK, fields).status is Status.HELD
        parent = room.put(room.as_(BOB), "shelves", "shelf-two", {"scopes": [ROOM]})
    assert parent.status is Status.APPLIED
    assert the_kept(room)["problem"] == "internal"
    assert room.ask("SELECT op_id FROM sync_held WHERE tenant_id = :tenant") == []


@pytest.fixture
def strict_room(room: World, shelves_database: Database) -> Iterator[World]:
    """The room, with a constraint that none of the kind's rules knows."""
    owner = create_engine(owner_url(shelves_database.engine.url.render_as_string(hide_password=False)))
    constraint = "ALTER TABLE books {} CONSTRAINT no_thirteen"
    with owner.begin() as connection:
        connection.execute(text(constraint.format("ADD") + " CHECK (pages <> 13)"))
    yield room
    with owner.begin() as connection:
        connection.execute(text(constraint.format("DROP")))
    owner.dispose()


def test_a_constraint_refuses_only_the_row_that_breaks_it(strict_room: World) -> None:
    before = strict_room.clock
    outcome = push_between(strict_room, strict_room.change("books", BOOK, {"shelf_id": SHELF, "pages": 13}))
    assert (outcome.status, slug(outcome.problem)) == (Status.REJECTED, "internal")
    assert BOOK not in strict_room.sees(ANN, "books")
    assert '"pages": 13' in the_kept(strict_room)["payload"]
    assert strict_room.clock == before + 3


def test_a_constraint_that_a_held_change_breaks_does_not_stop_its_parent(strict_room: World) -> None:
    world, child = strict_room, {"shelf_id": "shelf-two", "pages": 13}
    assert world.put(world.as_(ANN), "books", BOOK, child).status is Status.HELD
    outcomes = world.push(
        world.as_(BOB),
        world.change("shelves", "shelf-two", {"scopes": [ROOM]}),
        world.change("books", "book-good", {"shelf_id": "shelf-two"}),
    )
    assert [outcome.status for outcome in outcomes] == [Status.APPLIED, Status.APPLIED]
    assert world.sees(ANN, "shelves").keys() == {SHELF, "shelf-two"}
    assert world.ask("SELECT op_id FROM sync_held WHERE tenant_id = :tenant") != []
