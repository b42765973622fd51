"""Wakes a device: which record, encrypted so that the push service learns nothing, and signed as ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from pywebpush import WebPusher
from sqlalchemy import Connection, Row, delete, select

from service.database import Database
from service.integrations import preferences
from service.integrations.push.subscriptions import PushServices
from service.integrations.push.tables import subscription
from service.integrations.push.vapid import Vapid
from service.logs import logger
from service.sealing import Seal
from sync.clock import Now
from sync.server.actor import Actor
from sync.server.audience import find

SIGNED_OUT = (404, 410)
"""How a push service says that the device is no longer there."""
SignedIn = Callable[[Connection, UUID, str, str], bool]
"""Whether the person is signed in on the device."""
_log = logger(__name__)


class PushServiceAwayError(Exception):
    """The push service took nothing now; another time it may."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends to one device after another."""

    database: Database
    services: PushServices
    seal: Seal
    vapid: Vapid
    signed_in: SignedIn
    now: Now

    def send(self, tenant_id: UUID, subscription_id: UUID, about: tuple[str, str], until: float) -> None:
        """Send unless it is too late, or no longer hers to know; raises PushServiceAwayError while nobody takes it."""
        now = self.now().timestamp()
        if now >= until:
            return
        with self.database.begin(tenant_id) as connection:
            row = self._reachable(connection, tenant_id, subscription_id)
            if row is None or not self._may_be_told(connection, row, about):
                return
        status = self._call(row, about, int(until - now))
        if status in SIGNED_OUT:
            self._forget(row)
        elif status == 429 or status >= 500:
            raise PushServiceAwayError(str(status))
        elif status >= 300:
            _log.warning("a push service refused a message", tenant_id=tenant_id, status=status)

    def _reachable(self, connection: Connection, tenant_id: UUID, subscription_id: UUID) -> Row[Any] | None:
        its = (subscription.c.tenant_id == tenant_id, subscription.c.id == subscription_id)
        row = connection.execute(select(subscription).where(*its)).one_or_none()
        if row is None or self.signed_in(connection, tenant_id, row.person_id, row.device_id):
            return row
        connection.execute(delete(subscription).where(*its))
        return None

    def _may_be_told(self, connection: Connection, row: Row[Any], about: tuple[str, str]) -> bool:
        hers = preferences.read(connection, row.tenant_id, row.person_id)
        if not hers["push"] or preferences.is_quiet(hers, self.now()):
            return False
        return find(connection, Actor(row.tenant_id, row.person_id, "push"), *about) is not None

    def _call(self, row: Row[Any], about: tuple[str, str], lasts_s: int) -> int:
        said = orjson.loads(self.seal.open(row.sealed, str(row.id)))
        if not self.services.allow(said["endpoint"]):  # the setting may have become tighter
            return SIGNED_OUT[1]
        body = WebPusher(said).encode(orjson.dumps({"collection": about[0], "id": about[1]}))["body"]
        headers = {
            "Authorization": self.vapid.header(said["endpoint"], self.now()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(lasts_s),
        }
        return self.services.outbound.call("POST", said["endpoint"], headers=headers, content=body).status

    def _forget(self, row: Row[Any]) -> None:
        its = (subscription.c.tenant_id == row.tenant_id, subscription.c.id == row.id)
        with self.database.begin(row.tenant_id) as connection:
            connection.execute(delete(subscription).where(*its))
