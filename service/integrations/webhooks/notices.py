"""Mails to the owner of an endpoint: it was switched off, or an event was given up.

Of an app's endpoint nobody is told by mail: the person who let the app in can set nothing right there, and the app is
shown the same by `GET /v1/webhooks`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Connection, Row, select

from service.integrations.webhooks.following import DEAD
from service.integrations.webhooks.tables import delivery
from service.mail import Mail, post

QUIET = timedelta(days=1)
"""Of further events that are given up in this time nothing is said."""
Address = Callable[[Connection, UUID, str], str | None]
"""The address of a person, None when she has none or no mail is sent here."""
_WHY = {
    "gone": "It answered 410, which asks to be told nothing more.",
    "unreachable": "Nothing has arrived there for five days.",
}


@dataclass(frozen=True, slots=True)
class Notices:
    """Posts them in the transaction in which it happens."""

    address: Address

    def disabled(self, connection: Connection, endpoint: Row[Any], because: str, now: datetime) -> None:
        """It was switched off, and what waited for it was given up."""
        text = (
            f"{_WHY[because]} What waited for it was given up, and is kept for 30 days. Once it is set right,\n"
            f'switch it on again by PATCH /v1/webhooks/{endpoint.id} with {{"active": true}},\n'
            f"and have sent what it missed by POST /v1/webhooks/{endpoint.id}/replay.\n"
        )
        self._post(connection, endpoint, "is told nothing more", text, now)

    def dead(
        self, connection: Connection, endpoint: Row[Any], due: Row[Any], why: str, now: datetime
    ) -> None:
        """An event was given up after three days; said once a day at most."""
        others = select(delivery.c.id).where(
            delivery.c.tenant_id == endpoint.tenant_id,
            delivery.c.webhook_id == endpoint.id,
            delivery.c.id != due.id,
            delivery.c.state == DEAD,
            delivery.c.ended_at > now - QUIET,
        )
        if connection.execute(others.limit(1)).first():
            return
        text = (
            f"{due.event} was tried for three days and given up: {why}. What was given up is listed by\n"
            f"GET /v1/webhooks/{endpoint.id}/deliveries?state=dead for 30 days,\n"
            f"and sent again by POST /v1/webhooks/{endpoint.id}/replay. You are told once a day at most.\n"
        )
        self._post(connection, endpoint, "missed an event", text, now)

    def _post(self, connection: Connection, endpoint: Row[Any], what: str, text: str, now: datetime) -> None:
        if endpoint.app_id is not None:
            return
        to = self.address(connection, endpoint.tenant_id, endpoint.person_id)
        if to is not None:
            host = urlsplit(endpoint.url).hostname
            post(connection, endpoint.tenant_id, Mail(to, f"Your webhook at {host} {what}", text), now)
