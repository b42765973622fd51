"""Changes whose parent has not arrived yet. They wait, oldest first, and are judged as soon as it comes, or given up.

A parent that the writer may not see counts as absent, so that holding tells nobody what exists.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Row, Text, any_, delete, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from sync.changes import Change
from sync.server.actor import Actor
from sync.server.rows import upsert_rows
from sync.server.statement import Question, Statement, as_list, ask
from sync.server.tables import held

if TYPE_CHECKING:
    from sync.server.overlay import Key

DEADLINE = timedelta(days=5)
_WAITING = Statement("""
SELECT h.* FROM json_array_elements(:keys) AS k(parent) JOIN sync_held h
    ON h.tenant_id = :tenant AND h.parent_collection = k.parent ->> 0 AND h.parent_id = k.parent ->> 1
 ORDER BY h.due_at, h.op_id
""")


@dataclass(frozen=True, slots=True)
class Held:
    """A change that waits, with who sent it."""

    parent: Key
    actor: Actor
    change: Change
    due_at: datetime


def hold(connection: Connection, waiting: Iterable[Held]) -> None:
    """Store changes that wait."""
    rows = [_row(one) for one in waiting]
    upsert_rows(connection, held, rows, ("parent_collection", "parent_id"))


def question(tenant_id: UUID, parents: Iterable[Key]) -> Question:
    """The changes that wait for any of these parents."""
    return _WAITING, {"tenant": tenant_id, "keys": as_list(parents)}


def told(tenant_id: UUID, rows: Iterable[Any]) -> list[Held]:
    """The answer to `question`, in the order in which the changes came due."""
    return [_held(tenant_id, row) for row in rows]


def waiting_for(connection: Connection, tenant_id: UUID, parents: Iterable[Key]) -> list[Held]:
    """The changes that wait for any of these parents, in the order in which they came due."""
    (found,) = ask(connection, question(tenant_id, parents))
    return told(tenant_id, found)


def sent_by(connection: Connection, actor: Actor) -> dict[str, Change]:
    """The changes of one person that wait, by op_id, in the order in which she sent them."""
    table = held.c
    mine = table.actor.cast(JSONB)["person_id"].astext == actor.person_id
    found = connection.execute(
        select(held).where(table.tenant_id == actor.tenant_id, mine).order_by(table.due_at, table.op_id)
    )
    return {row.op_id: _held(actor.tenant_id, row).change for row in found}


def let_go(connection: Connection, tenant_id: UUID, op_ids: Iterable[str]) -> None:
    """Forget changes that wait no longer."""
    gone = sorted(op_ids)
    if gone:
        connection.execute(
            delete(held).where(
                held.c.tenant_id == tenant_id, held.c.op_id == any_(literal(gone, ARRAY(Text)))
            )
        )


def overdue(connection: Connection, tenant_id: UUID, now: datetime, most: int) -> list[Held]:
    """The changes past their deadline, oldest first."""
    table = held.c
    due = (
        select(held)
        .where(table.tenant_id == tenant_id, table.due_at <= now)
        .order_by(table.due_at)
        .limit(most)
    )
    return [_held(tenant_id, row) for row in connection.execute(due)]


def _row(one: Held) -> dict[str, object]:
    actor = {
        "person_id": one.actor.person_id,
        "device_id": one.actor.device_id,
        "roles": sorted(one.actor.roles),
        "token_scopes": None if one.actor.token_scopes is None else sorted(one.actor.token_scopes),
    }
    return {
        "tenant_id": one.actor.tenant_id,
        "op_id": one.change.op_id,
        "parent_collection": one.parent[0],
        "parent_id": one.parent[1],
        "actor": json.dumps(actor),
        "change": json.dumps(dataclasses.asdict(one.change)),
        "due_at": one.due_at,
    }


def _held(tenant_id: UUID, row: Row[Any]) -> Held:
    actor = json.loads(row.actor)
    change = Change(**json.loads(row.change))
    granted = actor["token_scopes"]
    token_scopes = None if granted is None else frozenset(granted)
    who = Actor(tenant_id, actor["person_id"], actor["device_id"], frozenset(actor["roles"]), token_scopes)
    return Held((row.parent_collection, row.parent_id), who, change, row.due_at)
