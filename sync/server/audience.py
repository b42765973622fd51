"""Who sees a record: the scopes that its entries name, met with the person's active memberships. There is no second answer.

Everything that reads (pull, push, REST, links, exports) asks `visible`, or loads the same two tables whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, select

from sync.server.actor import Actor
from sync.server.kind import Kind
from sync.server.tables import document, entry, membership


@dataclass(frozen=True, slots=True)
class Found:
    """A record that the person may see: its number, its wire JSON, and who made it."""

    seq: int
    body: str
    author: str


def visible(actor: Actor, collection: str, record_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The predicate "this person may see the record with this id", for any statement of the actor's tenant."""
    return exists(
        select(entry.c.scope_id)
        .join(
            membership,
            and_(membership.c.tenant_id == entry.c.tenant_id, membership.c.scope_id == entry.c.scope_id),
        )
        .where(
            entry.c.tenant_id == actor.tenant_id,
            entry.c.collection == collection,
            entry.c.record_id == record_id,
            entry.c.removed == false(),
            membership.c.tenant_id == actor.tenant_id,
            membership.c.person_id == actor.person_id,
            membership.c.active,
        )
    )


def live(tenant_id: UUID, kind: Kind, *conditions: ColumnElement[bool]) -> Select[Any]:
    """The records of a kind that are not deleted and of whose table the conditions hold, in the order of their ids."""
    table = kind.table
    its = and_(table.c.tenant_id == document.c.tenant_id, table.c.id == document.c.record_id)
    return (
        select(document.c.record_id, document.c.body, document.c.author, document.c.seq)
        .join(table, its)
        .where(
            document.c.tenant_id == tenant_id,
            table.c.tenant_id == tenant_id,
            document.c.collection == kind.name,
            document.c.deleted == false(),
            *conditions,
        )
        .order_by(document.c.record_id)
    )


def find(connection: Connection, actor: Actor, collection: str, record_id: str) -> Found | None:
    """The live record, if the person may see it; None alike for invisible and absent."""
    row = connection.execute(
        select(document.c.seq, document.c.body, document.c.author).where(
            document.c.tenant_id == actor.tenant_id,
            document.c.collection == collection,
            document.c.record_id == record_id,
            document.c.deleted == false(),
            visible(actor, collection, document.c.record_id),
        )
    ).one_or_none()
    return row and Found(*row)
