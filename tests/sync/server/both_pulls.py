"""A page as its rows; and the two forms of a page say the same, wherever a test reads one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection

from sync.cursor import Cursor
from sync.server import feed
from sync.server.actor import Actor
from sync.server.dialects import rxdb


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the native door; not visible means that it must leave the phone."""

    collection: str
    id: str
    seq: int
    visible: bool
    body: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """What `feed.Page` says, its rows taken apart."""

    rows: list[Row]
    cursor: Cursor
    more: bool


def pull(
    connection: Connection, actor: Actor, collections: Sequence[str], cursor: Cursor, limit: int
) -> Page:
    """A page in its native form, which RxDB's form must equal."""
    page = read(connection, actor, collections, cursor, limit)
    said = feed.pull(connection, actor, collections, cursor, limit, rxdb._DOCUMENTS)
    assert (said.cursor, said.more) == (page.cursor, page.more)
    assert list(said.ids) == [row.id for row in page.rows]
    documents = [orjson.loads(document + b"}") for document in rxdb._documents(said)]
    assert documents == [_document(row) for row in page.rows]
    return page


def read(
    connection: Connection, actor: Actor, collections: Sequence[str], cursor: Cursor, limit: int
) -> Page:
    """A page in its native form alone."""
    page = feed.pull(connection, actor, collections, cursor, limit)
    rows = [_row(row) for piece in page.pieces for row in piece.split(feed.BETWEEN)]
    assert [row.id for row in rows] == [row["id"] for row in orjson.loads(b"[%s]" % b"".join(page.parts()))]
    return Page(rows, page.cursor, page.more)


def _row(text: bytes) -> Row:
    said, body = orjson.loads(text + b"}"), text.partition(b'"record": ')[2].decode()
    assert said["deleted"] is (body == "null")
    return Row(
        said["collection"], said["id"], said["seq"], not said["deleted"], None if said["deleted"] else body
    )


def _document(row: Row) -> dict[str, object]:
    if row.body is None:
        return {"id": row.id, "_deleted": True}
    record = {rxdb.outward(name): value for name, value in orjson.loads(row.body).items()}
    return record | {"seq": row.seq, "_deleted": False}
