"""What a digest has to say: only what concerns the person, and only what she may see now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, and_, exists, func, or_, select

from service.records.invitations import table as invitations
from service.records.notes import table as notes
from service.records.seating import SEATED, TAKES_GUESTS
from service.records.seats import table as seats
from service.records.visit_requests import table as visit_requests
from service.records.visits import table as visits
from sync.server.actor import Actor
from sync.server.audience import visible
from sync.server.tables import document

SOON = timedelta(days=2)
MOST = 20


@dataclass(frozen=True, slots=True)
class News:
    """`doors` and `lessons`: look_for and starts_at of invitations; the others are counted only."""

    doors: Sequence[Any]
    lessons: Sequence[Any]
    notes: int
    requests: int

    def __bool__(self) -> bool:
        return bool(self.doors or self.lessons or self.notes or self.requests)


def gather(connection: Connection, actor: Actor, numbers: tuple[int, int], now: datetime) -> News:
    """What changed after the first of these numbers, up to the second; and what comes soon."""
    door = invitations.c
    new = and_(
        _changed("invitations", door, *numbers),
        door.host_id != actor.person_id,
        door.state.in_(sorted(TAKES_GUESTS)),
    )
    soon = and_(door.starts_at < now + SOON, door.state != "cancelled", door.state != "draft")
    return News(
        doors=_doors(connection, actor, now, and_(new, ~_seat(actor))),
        lessons=_doors(
            connection, actor, now, and_(soon, or_(door.host_id == actor.person_id, _seat(actor, *SEATED)))
        ),
        notes=_count(connection, actor, notes, _shared_with_her(actor, *numbers)),
        requests=_count(connection, actor, visit_requests, _asked_of_her(actor, *numbers)),
    )


def _doors(connection: Connection, actor: Actor, now: datetime, which: Any) -> Sequence[Any]:
    door = invitations.c
    found = select(door.id, door.look_for, door.starts_at).where(
        door.tenant_id == actor.tenant_id, door.starts_at > now, which, visible(actor, "invitations", door.id)
    )
    return connection.execute(found.order_by(door.starts_at, door.id).limit(MOST)).all()


def _seat(actor: Actor, *states: str) -> Any:
    seat = seats.c
    hers = [seat.invitation_id == invitations.c.id, seat.person_id == actor.person_id]
    if states:
        hers.append(seat.state.in_(sorted(states)))
    return exists().where(seat.tenant_id == actor.tenant_id, *hers)


def _shared_with_her(actor: Actor, after: int, upto: int) -> Any:
    note, visit = notes.c, visits.c
    on_hers = exists().where(
        visit.tenant_id == actor.tenant_id, visit.id == note.visit_id, visit.host_id == actor.person_id
    )
    fresh = and_(_changed("notes", note, after, upto), note.state.in_(("shared", "released")))
    return and_(on_hers, fresh, note.created_by != actor.person_id)


def _asked_of_her(actor: Actor, after: int, upto: int) -> Any:
    request = visit_requests.c
    hers = and_(request.host_id == actor.person_id, request.state == "sent")
    return and_(hers, _changed("visit_requests", request, after, upto))


def _changed(collection: str, columns: Any, after: int, upto: int) -> Any:
    return exists().where(
        document.c.tenant_id == columns.tenant_id,
        document.c.collection == collection,
        document.c.record_id == columns.id,
        document.c.seq > after,
        document.c.seq <= upto,
    )


def _count(connection: Connection, actor: Actor, table: Table, which: Any) -> int:
    found = select(func.count()).select_from(table).where(table.c.tenant_id == actor.tenant_id, which)
    return connection.scalar(found.where(visible(actor, table.name, table.c.id))) or 0
