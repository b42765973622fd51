"""Who sees a record: the scopes that its entries name, met with the person's active memberships. There is no second answer.

Everything that reads (pull, push, REST, links, exports) asks `visible`, or loads the same two tables whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, select

from sync.server.actor import Actor
from sync.server.kind import Kind
from sync.server.overlay import Key
from sync.server.statement import Statement, as_list
from sync.server.tables import document, entry, membership


@dataclass(frozen=True, slots=True)
class Found:
    """A record that the person may see: its number, its wire JSON, and who made it."""

    seq: int
    body: str
    author: str


_WHO_SEES = Statement("""
SELECT DISTINCT m.person_id, e.collection, e.record_id
  FROM json_array_elements(:keys) AS k(key)
  JOIN sync_entry e ON e.tenant_id = :tenant AND e.collection = k.key ->> 0 AND e.record_id = k.key ->> 1 AND NOT e.removed
  JOIN sync_membership m ON m.tenant_id = :tenant AND m.scope_id = e.scope_id AND m.active
 WHERE m.person_id IN (SELECT json_array_elements_text(:people))
""")


def who_sees(
    connection: Connection, tenant_id: UUID, people: Iterable[str], keys: Iterable[Key]
) -> set[tuple[str, Key]]:
    """Which of these people may see which of these records."""
    rows = _WHO_SEES.rows(connection, tenant=tenant_id, people=as_list(people), keys=as_list(keys))
    return {(row.person_id, (row.collection, row.record_id)) for row in rows}


def visible(
    actor: Actor, collection: str | ColumnElement[str], record_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    """The predicate "this person may see the record with this id", for any statement of the actor's tenant."""
    sees = visible_to(actor.tenant_id, actor.person_id, collection, record_id)
    if isinstance(collection, str):
        return false() if collection in actor.hidden else sees
    return and_(collection.not_in(sorted(actor.hidden)), sees) if actor.hidden else sees


def visible_to(
    tenant_id: UUID,
    person_id: str | ColumnElement[Any],
    collection: str | ColumnElement[str],
    record_id: ColumnElement[Any],
) -> ColumnElement[bool]:
    """The same for a person whom the statement itself finds."""
    return exists(
        select(entry.c.scope_id)
        .join(
            membership,
            and_(membership.c.tenant_id == entry.c.tenant_id, membership.c.scope_id == entry.c.scope_id),
        )
        .where(
            entry.c.tenant_id == tenant_id,
            entry.c.collection == collection,
            entry.c.record_id == record_id,
            entry.c.removed == false(),
            membership.c.tenant_id == tenant_id,
            membership.c.person_id == person_id,
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
    if collection in actor.hidden:
        return None
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
