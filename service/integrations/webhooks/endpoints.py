"""The addresses that are told: a person's own, or one of an app that acts for her."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, update

from schemas.problems import Problem, Refused
from service.integrations.webhooks import deliveries
from service.integrations.webhooks.signing import new_secret
from service.integrations.webhooks.tables import delivery, webhook
from service.outbound import ForbiddenAddress, Outbound
from service.sealing import Seal
from sync.server import sequence

OVERLAP = timedelta(hours=24)
"""How long the old secret signs beside a new one."""
MOST = 20
"""Endpoints of one owner."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose endpoints: a person's own ones, or those of an app that acts for her. An administrator keeps house.

    `hidden`: the collections of which the app may not hear.
    """

    tenant_id: UUID
    person_id: str
    app_id: str | None = None
    hidden: frozenset[str] = frozenset()
    keeps_house: bool = False

    @property
    def owns(self) -> ColumnElement[bool]:
        """The predicate "an endpoint that this owner manages"."""
        return webhook.c.tenant_id == self.tenant_id if self.keeps_house else self.made

    @property
    def made(self) -> ColumnElement[bool]:
        """The predicate "an endpoint that this owner made"."""
        return and_(
            webhook.c.tenant_id == self.tenant_id,
            webhook.c.person_id == self.person_id,
            webhook.c.app_id.is_not_distinct_from(self.app_id),
        )


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints that one owner manages."""

    connection: Connection
    owner: Owner
    seal: Seal
    outbound: Outbound

    def all(self) -> Sequence[Row[Any]]:
        """Every one, the oldest first."""
        query = select(webhook).where(webhook.c.tenant_id == self.owner.tenant_id, self.owner.owns)
        return self.connection.execute(query.order_by(webhook.c.created_at, webhook.c.id)).all()

    def demand(self, webhook_id: UUID) -> Row[Any]:
        """One of them; Refused(NOT_FOUND) alike for absent and another's."""
        found = self.connection.execute(select(webhook).where(self._one(webhook_id))).one_or_none()
        if found is None:
            raise Refused(Problem.NOT_FOUND)
        return found

    def add(self, said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """A new endpoint with its secret, which is told this once."""
        self._check(said)
        self._alone()
        count = select(func.count()).where(webhook.c.tenant_id == self.owner.tenant_id, self.owner.made)
        if self.connection.execute(count).scalar_one() >= MOST:
            raise Refused(Problem.TOO_MANY_WEBHOOKS, extra={"limit": MOST})
        whose = {"tenant_id": self.owner.tenant_id, "id": uuid4()}
        secret = new_secret()
        made = {
            **whose,
            "person_id": self.owner.person_id,
            "app_id": self.owner.app_id,
            "url": said["url"],
            "events": said["events"],
            "description": said.get("description") or "",
            "secret": self.seal.seal(secret, str(whose["id"])),
            "created_at": now,
        }
        self.connection.execute(insert(webhook).values(made))
        return {**self.demand(whose["id"])._mapping, "secret": secret}

    def change(self, webhook_id: UUID, said: Mapping[str, Any], now: datetime) -> Row[Any]:
        """Another address, other events, on or off; one that is switched on again begins with a clean slate."""
        standing = self.demand(webhook_id)
        if "url" in said:
            self._demand_made(standing)
        self._check(said)
        self._alone()
        changed = {name: said[name] for name in ("url", "events", "description") if name in said}
        if said.get("active") is True and standing.disabled_at:
            changed |= dict.fromkeys(("disabled_at", "disabled_because", "failing_since", "resting_until"))
        if said.get("active") is False and not standing.disabled_at:
            disable(self.connection, standing, "switched_off", now)
        if changed:
            self.connection.execute(update(webhook).where(self._one(webhook_id)).values(changed))
        return self.demand(webhook_id)

    def rotate(self, webhook_id: UUID, now: datetime) -> dict[str, Any]:
        """A new secret, told this once; the one before signs beside it for a day."""
        standing = self.demand(webhook_id)
        self._demand_made(standing)
        secret = new_secret()
        changed = {
            "secret": self.seal.seal(secret, str(webhook_id)),
            "old_secret": standing.secret,
            "old_secret_until": now + OVERLAP,
        }
        self.connection.execute(update(webhook).where(self._one(webhook_id)).values(changed))
        return {**self.demand(webhook_id)._mapping, "secret": secret}

    def remove(self, webhook_id: UUID) -> None:
        """Forget an endpoint, and all that was sent to it."""
        self.demand(webhook_id)
        self._alone()
        its = and_(delivery.c.tenant_id == self.owner.tenant_id, delivery.c.webhook_id == webhook_id)
        self.connection.execute(delete(delivery).where(its))
        self.connection.execute(delete(webhook).where(self._one(webhook_id)))

    def _one(self, webhook_id: UUID) -> ColumnElement[bool]:
        return and_(webhook.c.tenant_id == self.owner.tenant_id, webhook.c.id == webhook_id, self.owner.owns)

    def _demand_made(self, endpoint: Row[Any]) -> None:
        """Who keeps house leads nothing to herself that another's eyes see, nor signs in our name."""
        if (endpoint.person_id, endpoint.app_id) != (self.owner.person_id, self.owner.app_id):
            raise Refused(
                Problem.NOT_ALLOWED,
                "Only who made it changes its url or its secret: switch it off, or delete it.",
            )

    def _check(self, said: Mapping[str, Any]) -> None:
        hidden = [name for name in said.get("events", ()) if name.partition(".")[0] in self.owner.hidden]
        if hidden:
            raise Refused(
                Problem.INVALID_REQUEST, errors={"/events": [f"The app has no scope for {hidden[0]}."]}
            )
        try:
            if "url" in said:
                self.outbound.check(said["url"])
        except ForbiddenAddress as why:
            raise Refused(Problem.INVALID_REQUEST, errors={"/url": [f"{str(why).capitalize()}."]}) from None

    def _alone(self) -> None:
        """No push is under way: none writes for an endpoint as it was, and none misses one that is there."""
        sequence.lock(self.connection, self.owner.tenant_id)


def disable(connection: Connection, endpoint: Row[Any], because: str, now: datetime) -> None:
    """Tell an endpoint nothing more; what waits for it is dead, until somebody has it told again."""
    its = and_(webhook.c.tenant_id == endpoint.tenant_id, webhook.c.id == endpoint.id)
    connection.execute(update(webhook).where(its).values(disabled_at=now, disabled_because=because))
    deliveries.give_up(connection, endpoint, now)
