"""What the engine itself keeps of a person beside her records, taken out for good: earlier words, raw pushes, receipts.

Numbers, ids and the places of what was deleted stay: by them phones learn that something is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Text,
    delete,
    exists,
    func,
    literal,
    select,
    tuple_,
    update,
)

from sync.server.actor import SYSTEM
from sync.server.overlay import Key
from sync.server.tables import device, held, history, inbox, receipt, sent


def forget_records(connection: Connection, tenant_id: UUID, keys: Sequence[Key]) -> None:
    """Forget what these records, deleted by now, ever said, by whomever: earlier words, and the pushes that brought them."""
    of_these = tuple_(history.c.collection, history.c.record_id).in_(keys)
    connection.execute(update(history).where(history.c.tenant_id == tenant_id, of_these).values(body=None))
    ids = [record_id for _, record_id in keys]
    for table, column in _TOLD:
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id, _name_any(column, ids)))
    gone = tuple_(sent.c.collection, sent.c.record_id).in_(keys)
    connection.execute(delete(sent).where(sent.c.tenant_id == tenant_id, gone))


def forget_person(connection: Connection, tenant_id: UUID, person_id: str) -> None:
    """Forget all that the person ever sent, and what the service itself wrote about her."""
    hers = (history.c.author == person_id) | (
        (history.c.collection == "people") & (history.c.record_id == person_id)
    )
    connection.execute(update(history).where(history.c.tenant_id == tenant_id, hers).values(body=None))
    for table, column in _TOLD:
        about_her = (table.c.person_id == SYSTEM) & _name_any(column, [person_id])
        sent_by_her = table.c.person_id == person_id
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id, sent_by_her | about_her))
    waits = held.c.tenant_id == tenant_id
    connection.execute(delete(held).where(waits, _name_any(held.c.actor, [person_id])))
    for table in (sent, device):
        connection.execute(
            delete(table).where(table.c.tenant_id == tenant_id, table.c.person_id == person_id)
        )


def _name_any(column: ColumnElement[str], ids: Sequence[str]) -> ColumnElement[bool]:
    """Whether a text of JSON holds one of these ids as a word."""
    words = literal([f'"{one}"' for one in ids], ARRAY(Text))
    found = func.unnest(words).column_valued("word")
    return exists(select(found).where(func.strpos(column, found) > 0))


_TOLD = ((inbox, inbox.c.body), (receipt, receipt.c.outcome))
