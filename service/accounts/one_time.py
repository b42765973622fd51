"""Secrets that open something once: 256 random bits told only now, of which only the SHA-256 is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, delete, insert
from sqlalchemy.sql.elements import ColumnElement

from service.accounts.ways import one_time
from service.database import Database
from sync.clock import Now


class Purpose(Enum):
    """What a secret is for, and how long it lasts. One for another purpose opens nothing."""

    AT_THE_SCHOOL = "at-the-school", timedelta(minutes=10)
    FROM_THE_SCHOOL = "from-the-school", timedelta(minutes=2)
    LINK_ASKED = "link-asked", timedelta(minutes=15)
    LINK = "link", timedelta(minutes=15)
    NEW_PASSKEY = "new-passkey", timedelta(minutes=5)
    PASSKEY = "passkey", timedelta(minutes=5)

    def __init__(self, word: str, lasts: timedelta) -> None:
        self.word, self.lasts = word, lasts


def give(
    connection: Connection,
    purpose: Purpose,
    about: dict[str, Any],
    now: datetime,
    *,
    whose: str | None = None,
) -> str:
    """A new secret; `about` is what whoever takes it is told, `whose` the person for whom it opens, with
    her `tenant` among what it is about: hers are counted, and voided when she leaves.
    """
    secret = secrets.token_urlsafe(32)
    row = {"hash": sha256(secret), "purpose": purpose.word, "about": about, "whose": whose}
    connection.execute(insert(one_time).values(**row, expires_at=now + purpose.lasts))
    return secret


def take(database: Database, purpose: Purpose, secret: str, now: Now) -> dict[str, Any] | None:
    """What the secret is about, once; None ever after, and for one that is unknown or too old.

    In a transaction of its own: it stays taken whatever follows.
    """
    with database.begin_reference() as connection:
        return take_in(connection, purpose, secret, now())


def take_in(connection: Connection, purpose: Purpose, secret: str, now: datetime) -> dict[str, Any] | None:
    """`take`, as part of a transaction: where that is undone, the secret is there again."""
    this = (one_time.c.hash == sha256(secret)) & (one_time.c.purpose == purpose.word)
    taken = delete(one_time).where(this).returning(one_time.c.about, one_time.c.expires_at)
    row = connection.execute(taken).one_or_none()
    return row.about if row and now <= row.expires_at else None


def void(connection: Connection, tenant_id: UUID, person_ids: Collection[str]) -> None:
    """Let nothing open any more that was given for these people."""
    connection.execute(delete(one_time).where(of_people(tenant_id, person_ids)))


def of_people(tenant_id: UUID, person_ids: Collection[str]) -> ColumnElement[bool]:
    """What was given for these people; ids are of one tenant, and may stand in another too."""
    return and_(one_time.c.whose.in_(person_ids), one_time.c.about["tenant"].as_string() == str(tenant_id))


def forget_old(connection: Connection, now: datetime) -> int:
    """Forget what nobody took in time; how many there were."""
    return connection.execute(delete(one_time).where(one_time.c.expires_at < now)).rowcount


def sha256(secret: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge(verifier: str) -> str:
    """What a phone says first of a verifier that it shows later (RFC 7636, S256).

    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def proves(verifier: str, challenged: str) -> bool:
    """Whether it is the verifier of this challenge."""
    return hmac.compare_digest(challenge(verifier), challenged)
