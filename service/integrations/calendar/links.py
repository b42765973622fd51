"""Secret links to calendars: the tenant, and 256 random bits of which only the SHA-256 is kept."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from service.integrations.calendar.models import calendar_link as link
from service.records.people import table as people

_SECRET = 32
_TENANT = 16


def renew(connection: Connection, tenant_id: UUID, person_id: str, now: datetime) -> str:
    """A new link for the person, told only now; the one before opens nothing any more."""
    token = tenant_id.bytes + secrets.token_bytes(_SECRET)
    row = {"secret_hash": _hash(token), "created_at": now}
    made = insert(link).values(tenant_id=tenant_id, person_id=person_id, **row)
    connection.execute(
        made.on_conflict_do_update(index_elements=[link.c.tenant_id, link.c.person_id], set_=row)
    )
    return base64.urlsafe_b64encode(token).decode()


def revoke(connection: Connection, tenant_id: UUID, person_ids: Collection[str]) -> None:
    """The links of these people open nothing any more."""
    theirs = (link.c.tenant_id == tenant_id, link.c.person_id.in_(person_ids))
    connection.execute(delete(link).where(*theirs))


def tenant_of(token: str) -> UUID | None:
    """The tenant that the token names; None when it is not written like one of ours.

    >>> tenant_of("not a token") is None
    True
    """
    raw = _decoded(token)
    return UUID(bytes=raw[:_TENANT]) if len(raw) == _TENANT + _SECRET else None


def person_of(connection: Connection, tenant_id: UUID, token: str) -> str | None:
    """Whose calendar the token opens; None when it opens nothing, or she is no longer here."""
    hers = (people.c.tenant_id == link.c.tenant_id) & (people.c.id == link.c.person_id)
    found = select(link.c.person_id).join(people, hers)
    found = found.where(link.c.tenant_id == tenant_id, people.c.tenant_id == tenant_id)
    person_id: str | None = connection.scalar(found.where(link.c.secret_hash == _hash(_decoded(token))))
    return person_id


def _hash(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:  # of text that is not ASCII, too
        return b""
