"""The worker's part: an endpoint's deliveries, one after another.

A later event of a record waits for the earlier one; other records' go on. An attempt that fails is made again after a
minute, then ever less often, for three days. An endpoint that gives no answer at all rests, so that it holds a place of
the worker for a few seconds at most, and others go on. Delivered is what was answered 2xx; it may arrive twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Row, and_, delete, exists, or_, select, tuple_, update

from service.database import Database
from service.integrations.webhooks import signing
from service.integrations.webhooks.apps import Leave, closed_to
from service.integrations.webhooks.endpoints import disable
from service.integrations.webhooks.following import DEAD, DELIVERED, WAITING, send_soon
from service.integrations.webhooks.notices import Notices
from service.integrations.webhooks.tables import delivery, webhook
from service.outbound import Outbound, OutboundError
from service.sealing import Seal
from sync.clock import Now, stamp
from sync.server.actor import Actor
from sync.server.audience import find

PATIENCE = timedelta(days=3)
DEAD_AFTER = timedelta(days=5)
"""An endpoint at which nothing has arrived for so long is told nothing more."""
_WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 60, 120, 240, 360)]
SHORTEST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)
TURN_S = 10.0
"""After so long an endpoint goes to the end of the queue."""
GONE, UNREACHABLE = "gone", "unreachable"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one attempt: the status of the answer, or why there was none."""

    status: int | None
    problem: str | None

    @property
    def arrived(self) -> bool:
        """Whether the receiver has it."""
        return self.problem is None


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what waits for endpoints."""

    database: Database
    outbound: Outbound
    seal: Seal
    leave: Leave
    notices: Notices
    now: Now

    def send(self, tenant_id: UUID, webhook_id: UUID) -> None:
        """An endpoint's turn: what is due, for ten seconds at most."""
        until = time.monotonic() + TURN_S
        while time.monotonic() < until:
            if not self._send_one(tenant_id, webhook_id):
                return
        with self.database.begin(tenant_id) as connection:
            send_soon(connection, tenant_id, webhook_id)

    def _send_one(self, tenant_id: UUID, webhook_id: UUID) -> bool:
        """Send what comes next, or put it away; False when nothing is due."""
        now = self.now()
        with self.database.begin(tenant_id) as connection:
            found = _next(connection, tenant_id, webhook_id, now)
            if found is None:
                return False
            endpoint, due = found
            if not self._may_be_told(connection, endpoint, due, now):
                connection.execute(delete(delivery).where(_this(due)))
                return True
        sent = self._attempt(endpoint, due, now)
        with self.database.begin(tenant_id) as connection:
            self._note(connection, endpoint, due, sent)
        return True

    def _may_be_told(self, connection: Connection, endpoint: Row[Any], due: Row[Any], now: datetime) -> bool:
        """Whether the endpoint's owner may see the record now, and may let its app know."""
        closed = closed_to(connection, endpoint.tenant_id, [endpoint], self.leave, now).get(endpoint.id)
        if closed is None or due.collection is None:
            return closed is not None
        owner = Actor(endpoint.tenant_id, endpoint.person_id, "webhook")
        return (
            due.collection not in closed
            and find(connection, owner, due.collection, due.record_id) is not None
        )

    def _attempt(self, endpoint: Row[Any], due: Row[Any], now: datetime) -> Sent:
        body = message(due)
        headers = signing.headers(f"msg_{due.id.hex}", now, body, self._secrets(endpoint, now))
        try:
            answer = self.outbound.call("POST", endpoint.url, headers=headers, content=body)
        except OutboundError as why:
            return Sent(None, f"{why}"[:300])
        arrived = 200 <= answer.status < 300
        return Sent(answer.status, None if arrived else f"the answer was {answer.status}")

    def _secrets(self, endpoint: Row[Any], now: datetime) -> list[str]:
        good = [endpoint.secret]
        if endpoint.old_secret and endpoint.old_secret_until > now:
            good.append(endpoint.old_secret)
        return [self.seal.open(secret, str(endpoint.id)) for secret in good]

    def _note(self, connection: Connection, endpoint: Row[Any], due: Row[Any], sent: Sent) -> None:
        now = self.now()
        given_up = _end_or_wait(connection, due, sent, now) == DEAD
        its = and_(webhook.c.tenant_id == endpoint.tenant_id, webhook.c.id == endpoint.id)
        if sent.arrived:
            if endpoint.failing_since:
                connection.execute(update(webhook).where(its).values(failing_since=None, resting_until=None))
            return
        since = endpoint.failing_since or now
        rest = now + min(max((now - since) / 2, SHORTEST_REST), LONGEST_REST) if sent.status is None else None
        connection.execute(update(webhook).where(its).values(failing_since=since, resting_until=rest))
        because = GONE if sent.status == 410 else UNREACHABLE if now - since >= DEAD_AFTER else None
        if because:
            disable(connection, endpoint, because, now)
            self.notices.disabled(connection, endpoint, because, now)
        elif given_up:
            self.notices.dead(connection, endpoint, due, sent.problem or "", now)


def message(due: Row[Any]) -> bytes:
    """What is sent: which record, and what happened to it."""
    about = {"collection": due.collection, "id": due.record_id} if due.collection else {}
    return orjson.dumps({"type": due.event, "timestamp": stamp(due.happened_at), "data": about})


def _next(
    connection: Connection, tenant_id: UUID, webhook_id: UUID, now: datetime
) -> tuple[Row[Any], Row[Any]] | None:
    """The endpoint and what it is sent next: no earlier event of the same record waits."""
    awake = and_(
        webhook.c.tenant_id == tenant_id,
        webhook.c.id == webhook_id,
        webhook.c.disabled_at.is_(None),
        or_(webhook.c.resting_until.is_(None), webhook.c.resting_until <= now),
    )
    endpoint = connection.execute(select(webhook).where(awake)).one_or_none()
    if endpoint is None:
        return None
    earlier = delivery.alias("earlier")
    behind = exists().where(
        earlier.c.tenant_id == tenant_id,
        earlier.c.webhook_id == webhook_id,
        earlier.c.state == WAITING,
        earlier.c.collection == delivery.c.collection,
        earlier.c.record_id == delivery.c.record_id,
        tuple_(earlier.c.seq, earlier.c.place) < tuple_(delivery.c.seq, delivery.c.place),
    )
    query = select(delivery).where(
        delivery.c.tenant_id == tenant_id,
        delivery.c.webhook_id == webhook_id,
        delivery.c.state == WAITING,
        delivery.c.next_at <= now,
        ~behind,
    )
    due = connection.execute(query.order_by(delivery.c.seq, delivery.c.place).limit(1)).one_or_none()
    return None if due is None else (endpoint, due)


def _end_or_wait(connection: Connection, due: Row[Any], sent: Sent, now: datetime) -> str:
    """The state in which the delivery is now."""
    wait = _WAITS[min(due.attempts, len(_WAITS) - 1)]
    over = sent.arrived or sent.status == 410 or now + wait > due.queued_at + PATIENCE
    state = WAITING if not over else DELIVERED if sent.arrived else DEAD
    when = {"ended_at": now} if over else {"next_at": now + wait}
    became = {"state": state, "attempts": due.attempts + 1, "status": sent.status, "problem": sent.problem}
    connection.execute(update(delivery).where(_this(due)).values(became | when))
    return state


def _this(due: Row[Any]) -> Any:
    return and_(delivery.c.tenant_id == due.tenant_id, delivery.c.id == due.id)
