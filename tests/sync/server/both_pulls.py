"""The two forms of a page say the same, wherever a test reads one."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection

from sync.cursor import Cursor
from sync.server import feed
from sync.server.actor import Actor


def pull(
    connection: Connection, actor: Actor, collections: Sequence[str], cursor: Cursor, limit: int
) -> feed.Page:
    """`feed.pull`, whose rows `feed.pull_text` gives as JSON in the same order."""
    page = feed.pull(connection, actor, collections, cursor, limit)
    text = feed.pull_text(connection, actor, collections, cursor, limit)
    assert (text.cursor, text.more) == (page.cursor, page.more)
    assert orjson.loads(b"[%s]" % text.rows) == [_said(row) for row in page.rows]
    assert sorted((name, one) for name, ids in text.others.items() for one in ids) == sorted(
        (row.collection, row.id) for row in page.rows if row.visible and row.author != actor.person_id
    )
    return page


def _said(row: feed.FeedRow) -> dict[str, object]:
    return {
        "collection": row.collection,
        "id": row.id,
        "seq": row.seq,
        "deleted": not row.visible,
        "record": orjson.loads(row.body) if row.body is not None else None,
    }
