"""Two small kinds to try the engine with, without the product: shelves, and books that stand where their shelf does.

A shelf is read in the scopes that it names; a book likewise, or by its author alone while it is a secret.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ARRAY, Column, DateTime, Integer, MetaData, Table, Text, Uuid

from observation_tools.state_machine import machine
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Ids, Moment, Whole, Words
from schemas.problems import Problem, Refused
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Effect, Grant, Kind, Kinds, Near, Write

BOOK = machine("book", "secret > shown > gone")
metadata = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    stamps = (
        Column("created_by", Text),
        Column("created_at", DateTime(True)),
        Column("updated_at", DateTime(True)),
    )
    key = (Column("tenant_id", Uuid, primary_key=True), Column("id", Text, primary_key=True))
    return Table(name, metadata, *key, *columns, *stamps, info={"dist": "tenant"})


class ShelfSchema(RecordSchema):
    """A shelf: its readers are the scopes that it names."""

    label = Words(200, allow_none=True)
    scopes = Ids(required=True)


class BookSchema(RecordSchema):
    """A book on a shelf."""

    shelf_id = Id(required=True)
    title = Words(200, allow_none=True)
    text = Words(20_000, allow_none=True)
    inscription = Words(200, allow_none=True)
    tags = Ids(allow_none=True)
    pages = Whole(allow_none=True)
    read_at = Moment(allow_none=True)
    state = Choice(*BOOK.states, allow_none=True)


class MarkSchema(RecordSchema):
    """A mark in a book."""

    book_id = Id(required=True)
    note = Words(200, allow_none=True)


class KeptSchema(RecordSchema):
    """A rejected write or a conflict, as loosely as the engine needs."""

    class Meta(RecordSchema.Meta):
        pass

    person_id = Words(200, required=True)
    collection = Words(200, allow_none=True)
    record_id = Words(200, allow_none=True)
    op_id = Words(200, allow_none=True)
    problem = Words(200, allow_none=True)
    detail = Words(2000, allow_none=True)
    payload = Words(200_000, allow_none=True)
    field = Words(200, allow_none=True)
    kept = Words(200_000, allow_none=True)
    other = Words(200_000, allow_none=True)
    kept_by = Words(200, allow_none=True)
    other_by = Words(200, allow_none=True)
    at = Moment(allow_none=True)


def _shelf_audience(record: Record, near: Near) -> Collection[str]:
    return list(record["scopes"])


def _book_audience(record: Record, near: Near) -> Collection[str]:
    if record["state"] == "secret":
        return [record["created_by"]]
    shelf = near.record("shelves", record["shelf_id"])
    return list(shelf["scopes"]) if shelf else []


def _mark_audience(record: Record, near: Near) -> Collection[str]:
    book = near.record("books", record["book_id"])
    return _book_audience(book, near) if book else []


def _own(record: Record, near: Near) -> Collection[str]:
    return [record["person_id"]]


def _check_book(actor: Actor, write: Write, near: Near) -> Record | None:
    if write.after and write.after["title"] == "forbidden":
        raise Refused(Problem.NOT_ALLOWED, "No such title.", {"/fields/title": ["No such title."]})
    if write.after and write.after["title"] == "amend":
        return write.after | {"title": "amended"}
    return None


def _welcome(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    """Whoever makes a shelf enters its scopes."""
    if write.before is None and write.after is not None and write.after["label"] == "welcome":
        yield from (Grant(actor.person_id, scope) for scope in write.after["scopes"])


def _anyone(actor: Actor, record: Record, near: Near) -> bool:
    return True


_KEPT = (
    "person_id",
    "collection",
    "record_id",
    "op_id",
    "problem",
    "detail",
    "payload",
    "field",
    "kept",
    "other",
    "kept_by",
    "other_by",
)
shelves = _table("shelves", Column("label", Text), Column("scopes", ARRAY(Text)))
books = _table(
    "books",
    *(Column(name, Text) for name in ("shelf_id", "title", "text", "inscription", "state")),
    Column("tags", ARRAY(Text)),
    Column("pages", Integer),
    Column("read_at", DateTime(True)),
)
marks = _table("marks", Column("book_id", Text), Column("note", Text))
rejected = _table(
    "kept_rejected_writes", *(Column(name, Text) for name in _KEPT), Column("at", DateTime(True))
)
conflicts = _table("kept_conflicts", *(Column(name, Text) for name in _KEPT), Column("at", DateTime(True)))

KINDS = Kinds(
    [
        Kind(
            "shelves",
            shelves,
            ShelfSchema(),
            _shelf_audience,
            effects=_welcome,
            may_delete=_anyone,
            policies={"scopes": Policy.SET},
        ),
        Kind(
            "books",
            books,
            BookSchema(),
            _book_audience,
            parents={"shelf_id": "shelves"},
            policies={
                "text": Policy.TEXT,
                "inscription": Policy.AUTHOR,
                "tags": Policy.SET,
                "state": Policy.STATE,
            },
            machine=BOOK,
            check=_check_book,
            write_scope="books:write",
            may_delete=_anyone,
        ),
        Kind("rejected_writes", rejected, KeptSchema(), _own, server_only=True, may_delete=_anyone),
        Kind("conflicts", conflicts, KeptSchema(), _own, server_only=True, may_delete=_anyone),
    ]
)

WITH_MARKS = Kinds(
    [*KINDS.values(), Kind("marks", marks, MarkSchema(), _mark_audience, parents={"book_id": "books"})]
)
