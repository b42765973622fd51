"""What records said before: the body that each write replaced. A merge finds its base here, a person her earlier words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select, tuple_, update

from sync.changes import Record
from sync.clock import system_now
from sync.server import sequence
from sync.server.actor import Actor
from sync.server.audience import find
from sync.server.kind import Kinds
from sync.server.overlay import Key, Replaced
from sync.server.rows import upserts
from sync.server.stage import Stage
from sync.server.statement import Question
from sync.server.tables import history


@dataclass(frozen=True, slots=True)
class Version:
    """A record as it once was: `seq` is the write that replaced it, `at` when; `author` and `device` wrote it."""

    seq: int
    at: datetime
    author: str
    device: str
    record: Mapping[str, Any]


def body_at(stage: Stage, key: Key, seq: int) -> Record | None:
    """The record as it stood at a number of the clock: what the first later write replaced. None when nobody knows."""
    table = history.c
    first = (
        select(table.body)
        .where(
            table.tenant_id == stage.sequence.tenant_id,
            table.collection == key[0],
            table.record_id == key[1],
            table.seq > seq,
        )
        .order_by(table.seq)
        .limit(1)
    )
    stored = stage.connection.execute(first).one_or_none()
    if stored is not None:
        found: Record | None = stored.body and orjson.loads(stored.body)
        return found
    return next(
        (replaced.body for replaced in stage.overlay.replaced if replaced.key == key and replaced.seq > seq),
        None,
    )


def versions(
    connection: Connection, kinds: Kinds, actor: Actor, collection: str, record_id: str
) -> list[Version]:
    """Earlier versions of a record, newest first: those that the actor would see if they stood today, and no others."""
    if find(connection, actor, collection, record_id) is None:
        return []
    stage = Stage(connection, kinds, sequence.read(connection, actor.tenant_id), system_now())
    mine = stage.scopes_of(actor.person_id)
    return [
        v
        for v in _stored(connection, actor, collection, record_id)
        if not mine.isdisjoint(kinds[collection].audience(dict(v.record), stage))
    ]


def keeping(tenant_id: Any, replaced: list[Replaced]) -> list[Question]:
    """What stores replaced bodies."""
    rows = [
        {
            "tenant_id": tenant_id,
            "collection": r.key[0],
            "record_id": r.key[1],
            "seq": r.seq,
            "author": r.author,
            "device": r.device,
            "at": r.at,
            "body": None if r.body is None else orjson.dumps(r.body).decode(),
        }
        for r in replaced
    ]
    return upserts(history, rows)


def forget(connection: Connection, tenant_id: Any, keys: list[Key]) -> None:
    """Take the earlier bodies of records out for good. Their places stay: a base that lay there is unknown, not a later one."""
    if keys:
        connection.execute(
            update(history)
            .where(
                history.c.tenant_id == tenant_id, tuple_(history.c.collection, history.c.record_id).in_(keys)
            )
            .values(body=None)
        )


def _stored(connection: Connection, actor: Actor, collection: str, record_id: str) -> list[Version]:
    table = history.c
    of_record = (
        table.tenant_id == actor.tenant_id,
        table.collection == collection,
        table.record_id == record_id,
        table.body.is_not(None),
    )
    found = connection.execute(
        select(table.seq, table.at, table.author, table.device, table.body)
        .where(*of_record)
        .order_by(table.seq.desc())
        .limit(200)
    )
    return [Version(row.seq, row.at, row.author, row.device, orjson.loads(row.body)) for row in found]
