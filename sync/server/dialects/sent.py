"""What each device sent since it last read, for libraries that cannot say on which of their own words a person typed on.

A phone that loses our answer goes on from what it sent, whatever became of that here: it is the base of its next edit, and
the same again is no edit. A row is of use until its device has read past it, and is forgotten then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ARRAY, Connection, Text, and_, any_, delete, false, literal, or_, select, true, update

from sync.server.actor import Actor
from sync.server.overlay import Key
from sync.server.rows import upsert_rows
from sync.server.tables import sent


@dataclass(frozen=True, slots=True)
class Sent:
    """What a device sent of one record: the last change's op, its base number and a digest of what it said, and all fields that
    were taken since. `seq`: a device that has read so far knows better. `dirty`: sent ahead of a pull."""

    op_id: str
    base: int
    said: str
    fields: Mapping[str, Any]
    seq: int = 0
    dirty: bool = False


def of(connection: Connection, actor: Actor, keys: Collection[Key], base: int) -> dict[Key, Sent]:
    """What the actor's device sent of these records after it had read as far as `base`."""
    table = sent.c
    found = connection.execute(
        select(sent).where(
            *_hers(actor),
            table.collection == any_(_texts(collection for collection, _ in keys)),
            table.record_id == any_(_texts(record_id for _, record_id in keys)),
            table.seq > base,
        )
    )
    return {
        (row.collection, row.record_id): Sent(
            row.op_id, row.base, row.said, orjson.loads(row.fields), row.seq, row.dirty
        )
        for row in found
    }


def keep(connection: Connection, actor: Actor, found: Mapping[Key, Sent]) -> None:
    """Store what was sent of each record, over what was known of it."""
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "device_id": actor.device_id,
            "collection": key[0],
            "record_id": key[1],
            "person_id": actor.person_id,
            "seq": one.seq,
            "op_id": one.op_id,
            "base": one.base,
            "said": one.said,
            "fields": orjson.dumps(dict(one.fields)).decode(),
            "dirty": one.dirty,
        }
        for key, one in found.items()
    ]
    upsert_rows(connection, sent, rows, ("person_id", "seq", "op_id", "base", "said", "fields", "dirty"))


def has_read(connection: Connection, actor: Actor, asked: int, answered: int) -> None:
    """The device reads on from `asked`: forget what lies behind. What it still has to push is not changed by this answer."""
    behind = or_(sent.c.seq <= asked, and_(literal(asked == 0), sent.c.dirty == false()))
    connection.execute(delete(sent).where(*_hers(actor), behind))
    ahead = update(sent).where(*_hers(actor), sent.c.dirty == true())
    connection.execute(ahead.values(seq=answered + 1, dirty=False))


def _hers(actor: Actor) -> tuple[Any, ...]:
    return (
        sent.c.tenant_id == actor.tenant_id,
        sent.c.device_id == actor.device_id,
        sent.c.person_id == actor.person_id,
    )


def _texts(values: Iterable[str]) -> Any:
    return literal(sorted(set(values)), ARRAY(Text))
