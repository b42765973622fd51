"""What of today a person has not been told: a door that is open, a seat of hers, a visit that was called off.

Derived from how things stand, so a worker that was off misses nothing that still matters; each is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, any_, delete, exists, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from service import jobs
from service.integrations import preferences
from service.integrations.push.tables import subscription, told
from service.records.invitations import table as invitations
from service.records.seating import SEATED, TAKES_GUESTS
from service.records.seats import table as seats
from service.records.visits import table as visits
from sync.server.actor import Actor
from sync.server.audience import visible

SEND = "send_push"
REMEMBERED = timedelta(days=2)
"""Longer than any day is long."""
MOST = 20
"""Of each sort, the next ones."""


def tell(connection: Connection, tenant_id: UUID, now: datetime) -> None:
    """Have the devices woken of everybody for whom there is something, and whose quiet hours it is not."""
    connection.execute(delete(told).where(told.c.tenant_id == tenant_id, told.c.at < now - REMEMBERED))
    people = select(subscription.c.person_id).where(subscription.c.tenant_id == tenant_id).distinct()
    for person_id in connection.execute(people).scalars().all():
        hers = preferences.read(connection, tenant_id, person_id)
        if hers["push"] and not preferences.is_quiet(hers, now):
            _tell(connection, Actor(tenant_id, person_id, "push"), hers, now)


def _tell(connection: Connection, actor: Actor, hers: Mapping[str, Any], now: datetime) -> None:
    until = preferences.tomorrow(hers, now)
    found = connection.execute(_of_today(actor, now, until)).all()
    rows = [
        {"tenant_id": actor.tenant_id, "person_id": actor.person_id, "at": now}
        | {"collection": row.collection, "record_id": row.id}
        for row in found
    ]
    if not rows:
        return
    new = insert(told).values(rows).on_conflict_do_nothing().returning(told.c.collection, told.c.record_id)
    news = connection.execute(new).all()
    its = and_(subscription.c.tenant_id == actor.tenant_id, subscription.c.person_id == actor.person_id)
    for subscription_id in connection.execute(select(subscription.c.id).where(its)).scalars():
        for one in news:
            about = {"collection": one.collection, "record_id": one.record_id, "until": until.timestamp()}
            whose = {"tenant_id": str(actor.tenant_id), "subscription_id": str(subscription_id)}
            jobs.enqueue(connection, SEND, queue=jobs.OUTWARD, **whose, **about)


def _of_today(actor: Actor, now: datetime, until: datetime) -> Any:
    sorts = (_open_doors(actor, now, until), _her_seats(actor, now, until), _called_off(actor, now, until))
    return union_all(*(select(some.limit(MOST).subquery()) for some in sorts))


def _open_doors(actor: Actor, now: datetime, until: datetime) -> Select[Any]:
    """Invitations of colleagues in which she has not said anything."""
    door = invitations.c
    answered = exists().where(
        seats.c.tenant_id == actor.tenant_id,
        seats.c.invitation_id == door.id,
        seats.c.person_id == actor.person_id,
    )
    today = and_(door.starts_at > now, door.starts_at < until, door.state.in_(sorted(TAKES_GUESTS)))
    found = select(literal("invitations").label("collection"), door.id).where(
        door.tenant_id == actor.tenant_id,
        door.host_id != actor.person_id,
        today,
        ~answered,
        visible(actor, "invitations", door.id),
    )
    return found.order_by(door.starts_at, door.id)


def _her_seats(actor: Actor, now: datetime, until: datetime) -> Select[Any]:
    door, seat = invitations.c, seats.c
    today = and_(door.starts_at > now, door.starts_at < until, door.state != "cancelled")
    return (
        select(literal("seats").label("collection"), seat.id)
        .join(invitations, and_(door.tenant_id == seat.tenant_id, door.id == seat.invitation_id))
        .where(seat.tenant_id == actor.tenant_id, door.tenant_id == actor.tenant_id, today)
        .where(seat.person_id == actor.person_id, seat.state.in_(sorted(SEATED)))
        .where(visible(actor, "seats", seat.id), visible(actor, "invitations", door.id))
        .order_by(door.starts_at, seat.id)
    )


def _called_off(actor: Actor, now: datetime, until: datetime) -> Select[Any]:
    visit = visits.c
    there = or_(visit.host_id == actor.person_id, literal(actor.person_id) == any_(visit.observer_ids))
    today = and_(visit.planned_at > now, visit.planned_at < until, visit.state == "cancelled")
    found = select(literal("visits").label("collection"), visit.id).where(
        visit.tenant_id == actor.tenant_id, there, today, visible(actor, "visits", visit.id)
    )
    return found.order_by(visit.planned_at, visit.id)
