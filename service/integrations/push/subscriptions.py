"""Where a person's devices are reached: one address of a known push service for each."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid4

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects.postgresql import insert

from schemas.problems import Problem, Refused
from service.integrations.push.tables import subscription
from service.outbound import ForbiddenAddress, Outbound
from service.sealing import PUSH_SUBSCRIPTIONS, Seal
from service.settings import Settings
from sync.server.actor import Actor

_AUTH_BYTES = 16


@dataclass(frozen=True, slots=True)
class PushServices:
    """The push services that are called, by the names of their hosts: nobody has us call another."""

    settings: Settings
    outbound: Outbound

    def allow(self, endpoint: str) -> bool:
        """Whether the address is one of theirs; in development, of our own machine too."""
        try:
            host = self.outbound.check(endpoint).host.lower()
        except ForbiddenAddress:
            return False
        ours = self.settings.development and _is_loopback(host)
        return ours or any(fnmatchcase(host, known) for known in self.settings.push_hosts)


def put(connection: Connection, actor: Actor, seal: Seal, said: Mapping[str, Any], now: datetime) -> Row[Any]:
    """Reach this device of the person's here from now on, and no longer where it was before."""
    hers = (subscription.c.person_id == actor.person_id, subscription.c.device_id == actor.device_id)
    connection.execute(delete(subscription).where(subscription.c.tenant_id == actor.tenant_id, *hers))
    new = uuid4()
    row = {
        "tenant_id": actor.tenant_id,
        "id": new,
        "person_id": actor.person_id,
        "device_id": actor.device_id,
        "sealed": seal.seal(orjson.dumps(said).decode(), str(new)),
        "created_at": now,
    }
    keys = [subscription.c.tenant_id, subscription.c.person_id, subscription.c.device_id]
    made = insert(subscription).values(row).on_conflict_do_update(index_elements=keys, set_=row)
    return connection.execute(made.returning(*subscription.c)).one()


def of_person(connection: Connection, tenant_id: UUID, person_id: str) -> Sequence[Row[Any]]:
    """The person's subscriptions, the oldest first."""
    hers = (subscription.c.tenant_id == tenant_id, subscription.c.person_id == person_id)
    return connection.execute(select(subscription).where(*hers).order_by(subscription.c.created_at)).all()


def remove(connection: Connection, actor: Actor, subscription_id: UUID) -> None:
    """Reach a device no more; Refused(NOT_FOUND) alike for absent and another's."""
    its = (subscription.c.person_id == actor.person_id, subscription.c.id == subscription_id)
    gone = delete(subscription).where(subscription.c.tenant_id == actor.tenant_id, *its)
    if connection.execute(gone).rowcount == 0:
        raise Refused(Problem.NOT_FOUND)


def open_seal(settings: Settings) -> Seal:
    """What opens the addresses."""
    return Seal(settings.secret_key, PUSH_SUBSCRIPTIONS)


def are_keys(keys: Mapping[str, str]) -> bool:
    """Whether these are a device's keys: a point on P-256, and 16 bytes."""
    try:
        point, auth = (base64.urlsafe_b64decode(keys[name] + "==") for name in ("p256dh", "auth"))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return len(auth) == _AUTH_BYTES


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
