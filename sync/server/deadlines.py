"""What happens when time has passed: changes that waited for a parent for too long are given back to their authors."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from schemas.problems import Problem
from sync.changes import Status
from sync.server import held
from sync.server.push import Door


def give_up(connection: Connection, door: Door, tenant_id: UUID, now: datetime, most: int = 200) -> int:
    """Turn held changes past their deadline into rejected writes of their authors; returns how many there were."""
    given_up = held.overdue(connection, tenant_id, now, most)
    for one in given_up:
        (outcome,) = door.push(connection, one.actor, [one.change])  # its parent may have become visible
        if outcome.first is Status.HELD:
            waited = f"{one.parent[0]} {one.parent[1]} did not arrive within {held.DEADLINE.days} days."
            door.refuse(connection, one.actor, one.change, Problem.PARENT_UNKNOWN.document(waited))
        if outcome.first in (Status.HELD, Status.REJECTED):  # its phone may have taken "held" for an answer
            door.tell(connection, one.actor, [(one.change.collection, one.change.id)])
    held.let_go(connection, tenant_id, (one.change.op_id for one in given_up))
    return len(given_up)
