"""What the engine itself keeps of a person beside her records, taken out for good: earlier words, raw pushes, receipts.

Numbers, ids and the places of what was deleted stay: by them phones learn that something is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, func, or_, tuple_, update

from sync.server.actor import SYSTEM
from sync.server.overlay import Key
from sync.server.tables import device, held, history, inbox, receipt, sent


def forget_person(connection: Connection, tenant_id: UUID, person_id: str, keys: Iterable[Key]) -> None:
    """Forget all words of the person, and those of the records `keys`, which are deleted by now or hold none any more."""
    ours = history.c.tenant_id == tenant_id
    of_these = tuple_(history.c.collection, history.c.record_id).in_(list(keys))
    connection.execute(
        update(history).where(ours, or_(history.c.author == person_id, of_these)).values(body=None)
    )
    for table, column in ((inbox, inbox.c.body), (receipt, receipt.c.outcome)):
        hers = table.c.person_id == person_id
        about_her = (table.c.person_id == SYSTEM) & _names(column, person_id)
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id, or_(hers, about_her)))
    connection.execute(delete(held).where(held.c.tenant_id == tenant_id, _names(held.c.actor, person_id)))
    for table in (sent, device):
        connection.execute(
            delete(table).where(table.c.tenant_id == tenant_id, table.c.person_id == person_id)
        )


def _names(column: ColumnElement[str], person_id: str) -> ColumnElement[bool]:
    return func.strpos(column, f'"{person_id}"') > 0
