"""A message as it travels: the library folds and encodes it, and lets no line end into a header."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol
from uuid import UUID

POLICY = SMTP.clone(utf8=False)


class Words(Protocol):
    """What a message is made of: a `Mail`, or a row of the outbox."""

    subject: str
    text: str
    calendar: str | None
    unsubscribe: str | None


def compose(words: Words, recipient: str, sender: str, mail_id: UUID, at: datetime) -> EmailMessage:
    """The message; ValueError when something in it is not fit for a header. The same row has the same Message-ID always."""
    message = EmailMessage(POLICY)
    message["From"] = sender
    message["To"] = _address(recipient)
    message["Subject"] = words.subject
    message["Date"] = at
    message["Message-ID"] = f"<{mail_id}@{domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"  # so that no absence note answers
    if words.unsubscribe:
        message["List-Unsubscribe"] = f"<{words.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(words.text)
    if words.calendar:
        message.add_alternative(
            words.calendar.encode(),
            maintype="text",
            subtype="calendar",
            params={"charset": "utf-8", "method": method(words.calendar)},
            cte="base64",
        )
    return message


def _address(recipient: str) -> Address:
    try:
        return Address(addr_spec=recipient)
    except Exception:  # the library stumbles over some in ways of its own
        raise ValueError("no mail goes to such an address") from None


def domain(sender: str) -> str:
    """The domain of an address such as `Come Watch <no-reply@school.example>`.

    >>> domain("Come Watch <no-reply@school.example>")
    'school.example'
    """
    return sender.rpartition("@")[2].rstrip("> ")


def method(calendar: str) -> str:
    """What an iCalendar text asks for, which its content type must say too.

    >>> method("BEGIN:VCALENDAR\\r\\nMETHOD:CANCEL\\r\\n")
    'CANCEL'
    """
    lines = (line.partition(":") for line in calendar.splitlines())
    return next(value for name, _, value in lines if name == "METHOD")
