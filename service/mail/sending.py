"""Sends what waits in the outbox, one message a job.

A message that the server took is never sent again, with one exception that SMTP leaves open: a worker killed after the
server took it and before that is written here. It goes again then, with the same Message-ID, by which mailboxes know it.
"""

from __future__ import annotations

from uuid import UUID

from service.database import Database
from service.logs import logger
from service.mail import outbox
from service.mail.message import compose
from service.mail.smtp import MailServer, MailServerAwayError, MessageRefusedError
from service.settings import Settings
from sync.clock import Now

_log = logger(__name__)


def send(database: Database, settings: Settings, tenant_id: UUID, mail_id: UUID, now: Now) -> None:
    """Send the message, unless it was sent; raises MailServerAwayError while nobody takes it."""
    with database.begin(tenant_id) as connection:
        row = outbox.read(connection, tenant_id, mail_id)
    if row is None or row.state != outbox.WAITING:
        return
    if outbox.is_late(row, now()):
        _log.warning("a mail was not sent, for it was too late", tenant_id=tenant_id, record_id=str(mail_id))
        with database.begin(tenant_id) as connection:
            outbox.late(connection, tenant_id, mail_id, now())
        return
    if settings.smtp_url is None or settings.mail_from is None:
        _log.warning("a mail waits, for there is no mail server", tenant_id=tenant_id, setting="SMTP_URL")
        return
    try:
        message = compose(row, row.recipient, settings.mail_from, mail_id, row.created_at)
    except ValueError:
        _log.warning("a mail is not fit to be sent", tenant_id=tenant_id, record_id=str(mail_id))
        with database.begin(tenant_id) as connection:
            outbox.failed(connection, tenant_id, mail_id, outbox.UNFIT, now())
        return
    try:
        server = MailServer(settings.smtp_url, settings.smtp_ca_file)
        server.send(message)  # no transaction is open while a server is waited for
    except MessageRefusedError as refusal:
        _log.warning("a mail was refused for good", tenant_id=tenant_id, record_id=str(mail_id))
        with database.begin(tenant_id) as connection:
            outbox.failed(connection, tenant_id, mail_id, refusal.reason, now())
    except MailServerAwayError as trouble:
        with database.begin(tenant_id) as connection:
            outbox.note_trouble(connection, tenant_id, mail_id, trouble.reason)
        raise
    else:
        with database.begin(tenant_id) as connection:
            outbox.sent(connection, tenant_id, mail_id, now())


def take_up(database: Database, settings: Settings, tenant_id: UUID, now: Now) -> None:
    """Have those tried again whose jobs gave up; without a server only say that they wait."""
    with database.begin(tenant_id) as connection:
        if settings.smtp_url is not None:
            outbox.take_up(connection, tenant_id, now())
        elif count := outbox.waiting(connection, tenant_id):
            _log.warning(
                "mails wait, for there is no mail server",
                tenant_id=tenant_id,
                count=count,
                setting="SMTP_URL",
            )
