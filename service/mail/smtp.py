"""The one way to a mail server. What it says of a message ends that message; what it says of us is waited for."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

PATIENCE_S = 30.0
TLS, STARTTLS = "smtps", "smtp+starttls"
_PORTS = {"smtp": 25, TLS: 465, STARTTLS: 587}
_OF_US = frozenset({530, 535})
"""Sign in first, and sign-in refused: faults of the settings, not of the message."""


class MailServerAwayError(Exception):
    """No server took the message now; another time one may. Its `reason` is short and says nothing of the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class MessageRefusedError(Exception):
    """The server will never take this message: it said so by a code from 500 on."""

    reason: str


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server by its address: `smtp://`, `smtps://`, or `smtp+starttls://user:password@host:port`.

    Whom its certificate must come from: the authorities of `ca_file`, else those that this machine trusts.
    """

    url: str
    ca_file: Path | None = None

    def send(self, message: EmailMessage) -> None:
        """Hand the message over; returns once the server has taken it. MailServerAwayError or MessageRefusedError else."""
        try:
            with self._connected() as server:
                self._hand_over(server, message)
        except smtplib.SMTPResponseException as error:
            raise MailServerAwayError(str(error.smtp_code)) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailServerAwayError(type(error).__name__) from None

    def _connected(self) -> smtplib.SMTP:
        where = urlsplit(self.url)
        host, port = where.hostname or "", where.port or _PORTS[where.scheme]
        context = ssl.create_default_context(cafile=self.ca_file)
        if where.scheme == TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=PATIENCE_S, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=PATIENCE_S)
        try:
            if where.scheme == STARTTLS:
                server.starttls(context=context)
            if where.username:
                server.login(unquote(where.username), unquote(where.password or ""))
        except BaseException:
            server.close()
            raise
        return server

    @staticmethod
    def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
        try:
            server.send_message(message)
        except smtplib.SMTPNotSupportedError:
            raise MessageRefusedError("address needs SMTPUTF8") from None
        except smtplib.SMTPRecipientsRefused as error:
            _judge(*(code for code, _ in error.recipients.values()))
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            _judge(error.smtp_code)


def _judge(code: int) -> None:
    if code >= 500 and code not in _OF_US:
        raise MessageRefusedError(str(code))
    raise MailServerAwayError(str(code))
