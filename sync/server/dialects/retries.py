"""Ops whose ids are made from what they say: which of those heard before are said anew, and no repetition.

A person who sets a switch, sets it back and sets it again says the same thing twice, and means it. A repetition is only
what this device said last of the record. And what was refused is judged again: the rights or the state may have changed.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from sqlalchemy import ARRAY, Connection, Text, any_, delete, literal, select

from sync.changes import Change, Outcome, Status
from sync.server.actor import Actor
from sync.server.overlay import Key
from sync.server.receipts import stored
from sync.server.tables import document, history, receipt

_STORED = (Status.APPLIED, Status.MERGED)


def forget_said_anew(connection: Connection, actor: Actor, changes: Iterable[Change]) -> None:
    """Forget the receipts of those ops that must be judged again, under the lock of the clock."""
    heard = stored(connection, actor, (change.op_id for change in changes))
    anew = [op_id for op_id, one in heard.items() if _is_said_anew(connection, actor, one.outcome)]
    if anew:
        ops = literal(sorted(anew), ARRAY(Text))
        connection.execute(
            delete(receipt).where(receipt.c.tenant_id == actor.tenant_id, receipt.c.op_id == any_(ops))
        )


def _is_said_anew(connection: Connection, actor: Actor, first: Outcome) -> bool:
    if first.status is Status.REJECTED:
        return True
    key = (first.collection, first.id)
    return first.status in _STORED and _has_written_since(connection, actor, key, first.seq or 0)


def _has_written_since(connection: Connection, actor: Actor, key: Key, seq: int) -> bool:
    """Whether this device wrote the record after its write `seq`."""
    here = (
        history.c.tenant_id == actor.tenant_id,
        history.c.collection == key[0],
        history.c.record_id == key[1],
    )
    later = select(history.c.device).where(*here, history.c.seq > seq).order_by(history.c.seq)
    replaced = connection.execute(later).scalars().all()
    # the first of them replaced the body as it was at `seq`, whoever wrote that
    return actor.device_id in replaced[1:] or _wrote_last(connection, actor, key, seq)


def _wrote_last(connection: Connection, actor: Actor, key: Key, seq: int) -> bool:
    here = (
        document.c.tenant_id == actor.tenant_id,
        document.c.collection == key[0],
        document.c.record_id == key[1],
    )
    writers = connection.execute(select(document.c.fields).where(*here)).scalar()
    number, device, *_ = max(orjson.loads(writers).values()) if writers else (0, "")
    return bool(number > seq and device == actor.device_id)
