"""What became of what was sent, and sending it again. Nobody is shown a delivery about a record that she may not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, tuple_, update

from service.integrations.webhooks.events import PING
from service.integrations.webhooks.following import DEAD, WAITING, row, send_soon
from service.integrations.webhooks.tables import delivery
from sync.server.actor import Actor
from sync.server.audience import visible

KEPT = timedelta(days=30)
BATCH = 1000
MOST_REPLAYED = 1000


def page(
    connection: Connection,
    actor: Actor,
    endpoint: Row[Any],
    state: str | None,
    limit: int,
    before: tuple[datetime, UUID] | None,
) -> Sequence[Row[Any]]:
    """An endpoint's deliveries, the newest first, after the one named by `before`."""
    query = select(delivery).where(_of(endpoint), _may_be_shown(actor))
    if state:
        query = query.where(delivery.c.state == state)
    if before:
        query = query.where(tuple_(delivery.c.happened_at, delivery.c.id) < tuple_(*before))
    newest_first = (delivery.c.happened_at.desc(), delivery.c.id.desc())
    return connection.execute(query.order_by(*newest_first).limit(limit)).all()


def ping(connection: Connection, endpoint: Row[Any], now: datetime) -> Mapping[str, Any]:
    """A delivery that says nothing but that all is well."""
    made = row(endpoint.tenant_id, endpoint.id, PING, now, (None, None, 0, 0)) | {"attempts": 0}
    connection.execute(insert(delivery).values(made))
    send_soon(connection, endpoint.tenant_id, endpoint.id)
    return made


def replay(connection: Connection, endpoint: Row[Any], said: Mapping[str, Any], now: datetime) -> int:
    """Send again what is named, or what happened in a span of time; returns how many. What still waits, waits no longer."""
    ids = select(delivery.c.id).where(_of(endpoint), *_named(said)).order_by(delivery.c.happened_at)
    chosen = and_(_of(endpoint), delivery.c.id.in_(ids.limit(MOST_REPLAYED)))
    anew = {"state": WAITING, "attempts": 0, "queued_at": now, "next_at": now, "ended_at": None}
    count = connection.execute(update(delivery).where(chosen).values(anew)).rowcount
    if count:
        send_soon(connection, endpoint.tenant_id, endpoint.id)
    return count


def give_up(connection: Connection, endpoint: Row[Any], now: datetime) -> None:
    """What waits for an endpoint of `webhook` is dead."""
    waiting = and_(_of(endpoint), delivery.c.state == WAITING)
    connection.execute(update(delivery).where(waiting).values(state=DEAD, ended_at=now))


def due(connection: Connection, tenant_id: UUID, now: datetime) -> Sequence[UUID]:
    """The endpoints for which something waits whose time has come."""
    query = select(delivery.c.webhook_id).where(
        delivery.c.tenant_id == tenant_id, delivery.c.state == WAITING, delivery.c.next_at <= now
    )
    return connection.execute(query.distinct()).scalars().all()


def purge(connection: Connection, tenant_id: UUID, now: datetime) -> bool:
    """Forget a batch of what ended 30 days ago; True when there may be more."""
    old = select(delivery.c.id).where(delivery.c.tenant_id == tenant_id, delivery.c.ended_at < now - KEPT)
    mine = and_(delivery.c.tenant_id == tenant_id, delivery.c.id.in_(old.limit(BATCH)))
    return connection.execute(delete(delivery).where(mine)).rowcount == BATCH


def _of(endpoint: Row[Any]) -> ColumnElement[bool]:
    return and_(delivery.c.tenant_id == endpoint.tenant_id, delivery.c.webhook_id == endpoint.id)


def _may_be_shown(actor: Actor) -> ColumnElement[bool]:
    return or_(delivery.c.collection.is_(None), visible(actor, delivery.c.collection, delivery.c.record_id))


def _named(said: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Those of these ids; else those of a span, of which the delivered ones only where they are asked for."""
    if said.get("delivery_ids"):
        return [delivery.c.id.in_(said["delivery_ids"])]
    span = [delivery.c.happened_at >= said["since"]]
    if said.get("until"):
        span.append(delivery.c.happened_at < said["until"])
    return span if said.get("delivered") else [*span, delivery.c.state == DEAD]
