"""The outbox: messages that wait, were sent, or failed for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, delete, func, select, update

from service import jobs
from service.mail.models import outbox

SEND = "send_mail"
WAITING, SENT, FAILED = "waiting", "sent", "failed"
UNFIT = "not fit to be sent: look at the address"
TRIED_FOR = timedelta(days=5)
"""A message that no server took for so long is given up, and stays in the list of those that failed."""
KEPT = timedelta(days=30)
BATCH = 500
_WORDS = ("subject", "text", "calendar", "unsubscribe")
_NO_WORDS = dict.fromkeys(_WORDS)


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one person. `calendar` is an iCalendar text with its METHOD; `unsubscribe` an address that ends such mails.

    After `good_until` nobody has any use for it: it is not sent then.
    """

    to: str
    subject: str
    text: str
    calendar: str | None = None
    unsubscribe: str | None = None
    good_until: datetime | None = None


def post(connection: Connection, tenant_id: UUID, mail: Mail, now: datetime) -> UUID:
    """Have the worker send it once this transaction is committed; returns its id.

    One that is not fit to be sent fails there: it spoils nothing of what else is done here.
    """
    mail_id = uuid4()
    row = {
        "tenant_id": tenant_id,
        "id": mail_id,
        "state": WAITING,
        "recipient": mail.to,
        "subject": " ".join(mail.subject.split()),  # a title of several lines is still one subject
        "text": mail.text,
        "calendar": mail.calendar,
        "unsubscribe": mail.unsubscribe,
        "good_until": mail.good_until,
        "created_at": now,
        "changed_at": now,
    }
    connection.execute(outbox.insert().values(row))
    _enqueue(connection, tenant_id, mail_id)
    return mail_id


def read(connection: Connection, tenant_id: UUID, mail_id: UUID) -> Row[Any] | None:
    """The message; None when there is none."""
    return connection.execute(select(outbox).where(*_is(tenant_id, mail_id))).one_or_none()


def in_state(connection: Connection, tenant_id: UUID, state: str) -> Sequence[Row[Any]]:
    """The messages in this state, the oldest first, a batch at most."""
    found = select(outbox).where(outbox.c.tenant_id == tenant_id, outbox.c.state == state)
    return connection.execute(found.order_by(outbox.c.changed_at, outbox.c.id).limit(BATCH)).all()


def sent(connection: Connection, tenant_id: UUID, mail_id: UUID, now: datetime) -> None:
    """A server took it: its words are forgotten."""
    _change(connection, tenant_id, mail_id, state=SENT, reason=None, changed_at=now, **_NO_WORDS)


def failed(connection: Connection, tenant_id: UUID, mail_id: UUID, reason: str, now: datetime) -> None:
    """It is not tried again, unless the operator says so; its words are kept for that."""
    _change(connection, tenant_id, mail_id, state=FAILED, reason=reason, changed_at=now)


def is_late(row: Row[Any], now: datetime) -> bool:
    """Whether the message is of no use any more."""
    return row.good_until is not None and row.good_until < now


def late(connection: Connection, tenant_id: UUID, mail_id: UUID, now: datetime) -> None:
    """It came too late to be sent: its words are forgotten."""
    _change(connection, tenant_id, mail_id, state=FAILED, reason="too late", changed_at=now, **_NO_WORDS)


def note_trouble(connection: Connection, tenant_id: UUID, mail_id: UUID, reason: str) -> None:
    """Why it still waits."""
    _change(connection, tenant_id, mail_id, reason=reason)


def retry(connection: Connection, tenant_id: UUID, mail_id: UUID, now: datetime) -> bool:
    """Try a failed message again; False when there is none with this id, or it is of no use any more."""
    found = read(connection, tenant_id, mail_id)
    if found is None or found.state != FAILED or is_late(found, now):
        return False
    _change(connection, tenant_id, mail_id, state=WAITING, reason=None, changed_at=now)
    _enqueue(connection, tenant_id, mail_id)
    return True


def take_up(connection: Connection, tenant_id: UUID, now: datetime) -> None:
    """Give up what waited too long, and have the rest tried whose job gave up, or never had a server."""
    for row in in_state(connection, tenant_id, WAITING):
        if row.changed_at < now - TRIED_FOR:
            failed(connection, tenant_id, row.id, row.reason or "no server", now)
        else:
            _enqueue(connection, tenant_id, row.id)


def waiting(connection: Connection, tenant_id: UUID) -> int:
    """How many messages wait."""
    its = (outbox.c.tenant_id == tenant_id, outbox.c.state == WAITING)
    return connection.scalar(select(func.count()).select_from(outbox).where(*its)) or 0


def forget(connection: Connection, tenant_id: UUID, now: datetime) -> None:
    """Delete what was sent, or failed, a month ago."""
    old = (outbox.c.state != WAITING, outbox.c.changed_at < now - KEPT)
    connection.execute(delete(outbox).where(outbox.c.tenant_id == tenant_id, *old))


def _enqueue(connection: Connection, tenant_id: UUID, mail_id: UUID) -> None:
    said = {"tenant_id": str(tenant_id), "mail_id": str(mail_id)}
    jobs.enqueue(connection, SEND, key=f"mail-{mail_id}", queue=jobs.OUTWARD, **said)


def _change(connection: Connection, tenant_id: UUID, mail_id: UUID, **fields: Any) -> None:
    connection.execute(update(outbox).where(*_is(tenant_id, mail_id)).values(**fields))


def _is(tenant_id: UUID, mail_id: UUID) -> tuple[Any, Any]:
    return outbox.c.tenant_id == tenant_id, outbox.c.id == mail_id
