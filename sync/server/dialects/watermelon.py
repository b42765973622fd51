"""WatermelonDB's synchronization: one number says how far a phone has read, and a push is answered with nothing at all.

Here is the pull, in one file with what a phone asked for; the push is `watermelon_push`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from sqlalchemy import Connection

from schemas import watermelon as words
from schemas.problems import Problem, Refused
from sync.changes import Record
from sync.cursor import Cursor, about
from sync.server import feed, sequence
from sync.server.actor import Actor
from sync.server.dialects import readers, sent
from sync.server.dialects.readers import Reader
from sync.server.feed import Page
from sync.server.kind import Kinds

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a phone asks for: what is new since `last_pulled_at` (0: it is empty), and all of the collections in `anew`."""

    last_pulled_at: int
    collections: Sequence[str]
    anew: Collection[str] = ()
    schema_version: int | None = None
    limit: int = 500


@dataclass(slots=True)
class Pulled:
    """The answer: by collection and id the record, or None where it must go. `pages` are those of the feed that it was made of."""

    rows: dict[str, dict[str, Record | None]] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    replaces: bool = False

    def take(self, page: Page) -> None:
        """Lay a page on top: a later statement saw the later state, and each id may stand only once."""
        self.pages.append(page)
        for row in orjson.loads(b"".join((b"[", *page.parts(), b"]"))):
            self.rows.setdefault(row["collection"], {})[row["id"]] = row["record"]


def pull(connection: Connection, actor: Actor, asked: Asked) -> Pulled:
    """What is new; everything, in place of what the phone holds, when it was away for too long or the server was restored."""
    reader = readers.of(connection, actor)
    pulled = _since(connection, actor, asked, reader) or _everything(connection, actor, asked.collections)
    now = pulled.pages[-1].cursor
    base = 0 if pulled.replaces else asked.last_pulled_at
    read = Reader(base, now.seq, now.boot)
    if read != reader:
        readers.note(connection, actor, read, asked.schema_version)
    sent.has_read(connection, actor, base, now.seq)
    return pulled


def _since(connection: Connection, actor: Actor, asked: Asked, reader: Reader) -> Pulled | None:
    """One page of what is new; None when that can no longer be said."""
    epoch = sequence.read(connection, actor.tenant_id).epoch
    since = asked.last_pulled_at
    cursor = Cursor(since, reader.born(since), epoch, about(asked.collections))
    pulled = Pulled()
    try:
        if since and asked.anew:
            for page in _all_pages(connection, actor, sorted(asked.anew)):
                pulled.take(page)
        pulled.take(feed.pull(connection, actor, asked.collections, cursor, asked.limit))
    except Refused as refused:
        if refused.problem is not Problem.SYNC_RESET_REQUIRED:
            raise
        return None
    return pulled


def _everything(connection: Connection, actor: Actor, collections: Sequence[str]) -> Pulled:
    """All collections, empty ones too: WatermelonDB replaces only the tables that it is told of."""
    pulled = Pulled({name: {} for name in collections}, replaces=True)
    for page in _all_pages(connection, actor, collections):
        pulled.take(page)
    return pulled


def _all_pages(connection: Connection, actor: Actor, collections: Sequence[str]) -> Iterator[Page]:
    page = Page((), Cursor(), more=True)
    while page.more:
        page = feed.pull(connection, actor, collections, page.cursor, AT_ONCE)
        yield page


def text(kinds: Kinds, pulled: Pulled) -> bytes:
    """The answer as JSON, as WatermelonDB takes it."""
    changes = {name: _table(kinds, name, rows) for name, rows in pulled.rows.items()}
    last = pulled.pages[-1]
    said = {"changes": changes, "timestamp": last.cursor.seq, "has_more": last.more}
    return orjson.dumps(said | ({"experimentalStrategy": "replacement"} if pulled.replaces else {}))


def _table(kinds: Kinds, name: str, rows: Mapping[str, Record | None]) -> Record:
    schema = kinds[name].schema
    return {
        "created": [],
        "updated": [words.outward(schema, record) for record in rows.values() if record is not None],
        "deleted": [record_id for record_id, record in rows.items() if record is None],
    }
