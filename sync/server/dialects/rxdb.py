"""RxDB's replication: pages of whole documents, and rows of what a document was and what it has become.

RxDB ends a pull at the first page shorter than it asked for, takes each id once in a page, and pushes one row for each
document until it hears an answer. It sends no op ids: they are made from what a row says, so that a row sent again after
a lost answer is recognised. What differs from what was pushed is answered, and RxDB adopts it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from marshmallow import Schema, ValidationError
from sqlalchemy import Connection

from schemas.base import SERVER_OWNED
from schemas.rxdb import RENAMED, outward
from sync.changes import Change, Outcome, Record, Status
from sync.clock import stamp
from sync.cursor import Cursor, about
from sync.server import feed, sequence
from sync.server.actor import Actor
from sync.server.audience import Found, find
from sync.server.dialects import retries
from sync.server.feed import Page
from sync.server.kind import Kind
from sync.server.push import Door

START = "comewatch-start"
"""The id of no record: the tombstone with which a collection begins in which the person sees nothing."""
_INWARD = {theirs: ours for ours, theirs in RENAMED.items()}
_RENAMED = [(f'"{ours}":'.encode(), f'"{theirs}":'.encode()) for ours, theirs in RENAMED.items()]
_STAMPS = frozenset((*SERVER_OWNED, "seq", "id"))
_SEAM = b"}\n,"
"""A body's last brace, and what stands behind it until both are taken out: no body has a line break."""
_DOCUMENTS = feed.page_of(
    """
  CASE WHEN v.visible THEN d.body || ('\n,"seq":' || d.seq || ',"_deleted": false')
       ELSE '{"id":"' || c.record_id || '","_deleted": true' END""",
    ids="string_agg(c.record_id, ' ')",
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a client has read to in one collection; `seq` 0 is that of an empty client."""

    seq: int = 0
    boot: int = 0
    epoch: int = 0

    def cursor(self, collection: str) -> Cursor:
        """The same place in the feed of this collection."""
        return Cursor(self.seq, self.boot, self.epoch, about([collection]))


@dataclass(frozen=True, slots=True)
class Row:
    """One document of a push; `base` is what the client believed to be ours, None when it knew of none."""

    id: str
    state: Mapping[str, Any]
    base: Mapping[str, Any] | None = None

    @property
    def deleted(self) -> bool:
        """Whether the person deleted it."""
        return self.state.get("_deleted") is True

    @property
    def echoes(self) -> bool:
        """Whether it may be a tombstone of ours, sent back by a client that has begun anew: it says nothing but the id."""
        return self.deleted and self.base is None and self.state.keys() <= {"id", "_deleted"}


# pull


def pull(connection: Connection, actor: Actor, collection: str, since: Checkpoint, limit: int) -> Page:
    """One page: each id once, and shorter than `limit` only at the end. Raises Refused as the feed does."""
    cursor = since.cursor(collection)
    found: dict[str, bytes] = {}
    others: set[str] = set()
    while True:
        page = feed.pull(connection, actor, [collection], cursor, limit - len(found), _DOCUMENTS)
        cursor = page.cursor
        found |= zip(page.ids, _documents(page), strict=True)  # the later statement saw the later state
        others = others.difference(page.ids).union(page.others.get(collection, ()))
        if not page.more or len(found) == limit:
            return Page(list(found.values()) or _start(since), cursor, page.more, {collection: others})


def _documents(page: Page) -> Iterator[bytes]:
    """The documents of a page, each without its last brace; the names that RxDB keeps for itself are changed."""
    for piece in page.pieces:
        documents = piece.replace(_SEAM, b",").split(feed.BETWEEN)
        yield from map(_renamed, documents) if any(ours in piece for ours, _ in _RENAMED) else documents


def _renamed(document: bytes) -> bytes:
    for ours, theirs in _RENAMED:  # inside a text its quotes are escaped, so this is a key or nothing
        document = document.replace(ours, theirs, 1)
    return document


def _start(since: Checkpoint) -> list[bytes]:
    """RxDB forgets the checkpoint of an empty page. An empty client must keep its first: tombstones come to who has one."""
    return [] if since.seq else [f'{{"id":"{START}","_deleted": true'.encode()]


def page_text(page: Page) -> bytes:
    """The page as JSON, around bodies that are ready text: never parsed, never written again."""
    at = page.cursor
    end = f'],"checkpoint":{{"seq":{at.seq},"boot":{at.boot},"epoch":{at.epoch}}}}}'
    return b"".join((b'{"documents":[', *page.parts(), end.encode()))


# push


def push(
    door: Door, connection: Connection, actor: Actor, kind: Kind, rows: Sequence[Row], raw: str
) -> list[Record]:
    """Take at most 500 rows in one transaction; returns the documents that differ from what was pushed."""
    sequence.lock(connection, actor.tenant_id)
    standing = {row.id: find(connection, actor, kind.name, row.id) for row in rows if row.echoes}
    said = [row for row in rows if row.id not in standing or _is_hers(actor, standing[row.id])]
    changes = [change_of(actor, kind, row) for row in said]
    retries.forget_said_anew(connection, actor, changes)
    outcomes = door.push(connection, actor, changes, raw)
    door.tell(connection, actor, [_key(one) for one in outcomes if _may_have_been_passed_over(one)])
    answers = [answer(outcome, deleted=row.deleted) for row, outcome in zip(said, outcomes, strict=True)]
    seen_again = [found for found in standing.values() if found and not _is_hers(actor, found)]
    answers += [_document(orjson.loads(found.body), found.seq) for found in seen_again]
    return [document for document in answers if document is not None]


def _is_hers(actor: Actor, found: Found | None) -> bool:
    """What its own author holds as gone, she has deleted; to others it had only left their sight."""
    return found is not None and found.author == actor.person_id


def refuse(
    door: Door,
    connection: Connection,
    actor: Actor,
    kind: Kind,
    record_id: str,
    said: str,
    problem: Mapping[str, Any],
) -> Record | None:
    """Keep a row that cannot be read for its author; where it named a record, answer what stands there."""
    op_id = f"rx-bad-{hashlib.sha256(said.encode()).hexdigest()}"
    change = Change(op_id, kind.name, record_id, {"row": said})
    outcome = door.refuse(connection, actor, change, problem)
    return answer(outcome) if record_id else None


def change_of(actor: Actor, kind: Kind, row: Row) -> Change:
    """The row as a change of all its fields: those that equal the base are no edit, and a new record needs them all."""
    fields = {} if row.deleted else _fields(kind.schema, row.state)
    base = None if row.base is None or row.base.get("_deleted") else _base(kind.schema, row.base)
    change = Change("", kind.name, row.id, fields, row.deleted, base_fields=base)
    said = [actor.device_id, actor.person_id, change.payload, row.base]
    op_id = f"rx-{hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}"
    return replace(change, op_id=op_id)


def answer(outcome: Outcome, *, deleted: bool = False) -> Record | None:
    """What the client must adopt instead of what it pushed; None when there is nothing to correct."""
    if outcome.record is not None:
        return _document(outcome.record, outcome.seq)
    gone = outcome.deleted or outcome.status is Status.REJECTED
    return {"id": outcome.id, "_deleted": True} if gone and not deleted else None


def _document(record: Record, seq: int | None) -> Record:
    return {outward(name): value for name, value in record.items()} | {"seq": seq, "_deleted": False}


def _fields(schema: Schema, state: Mapping[str, Any]) -> Record:
    """What the document says of the record's fields: one that is not there is null, and the server's own are left out."""
    said = {_INWARD.get(name, name): value for name, value in state.items() if not name.startswith("_")}
    stated = {name: said.get(name) for name in {**schema.fields, **said} if name not in _STAMPS}
    return {name: value for name, value in stated.items() if value is not None or _may_be_null(schema, name)}


def _base(schema: Schema, state: Mapping[str, Any]) -> Record:
    """What the client had seen, in the form in which we would have stored it."""
    said = {_INWARD.get(name, name): value for name, value in state.items()}
    return {name: _as_stored(schema, name, said.get(name)) for name in schema.fields}


def _as_stored(schema: Schema, name: str, value: Any) -> Any:
    try:
        loaded = schema.fields[name].deserialize(value)
    except ValidationError:
        return value
    return stamp(loaded) if isinstance(loaded, datetime) else loaded


def _may_be_null(schema: Schema, name: str) -> bool:
    """A null in a field that cannot be empty says nothing (a new record's state), or is a fault (what is required)."""
    field = schema.fields.get(name)
    return field is None or field.allow_none or field.required


def _may_have_been_passed_over(outcome: Outcome) -> bool:
    """Its first answer was lost: a pull in between brought it while it still waited here, and RxDB left it aside."""
    return outcome.status is Status.REPEATED and outcome.record is None and not outcome.deleted


def _key(outcome: Outcome) -> tuple[str, str]:
    return outcome.collection, outcome.id
