"""What the worker needs to reach people outside the app: rooms that may not know each other, put together."""

from __future__ import annotations

from email.utils import parseaddr
from functools import partial
from uuid import UUID

from service.accounts import directory, magic_links, sessions
from service.database import Database
from service.integrations.calendar import invites
from service.integrations.digest import sending as digests
from service.integrations.push import sending as waking
from service.integrations.push import subscriptions
from service.integrations.push.vapid import vapid
from service.logs import logger
from service.outbound import Outbound
from service.settings import Settings
from sync.clock import Now

_log = logger(__name__)


def send_sign_in_link(settings: Settings, database: Database, asked: str, now: Now) -> None:
    """Mail a link to sign in by, if there is a sender."""
    if settings.mail_from is None:
        _log.warning("links to sign in are not mailed, for there is no sender", setting="MAIL_FROM")
        return
    magic_links.send(database, settings.public_url, asked, now)


def send_calendar_invites(settings: Settings, database: Database, tenant_id: UUID, now: Now) -> bool:
    """Post what guests are to be told of their seats, if there is a sender; True when there may be more."""
    if settings.mail_from is None:
        return False
    with database.begin(tenant_id) as connection:
        address = partial(directory.address_of, connection, tenant_id)
        done = invites.send(connection, tenant_id, address, parseaddr(settings.mail_from)[1], now())
    return done >= invites.BATCH


def send_digests(settings: Settings, database: Database, tenant_id: UUID, now: Now) -> None:
    """Post the digests whose hour has come; without a sender they wait."""
    if settings.mail_from is None:
        return
    link_of = digests.link_by(settings.public_url, settings.secret_key)
    with database.begin(tenant_id) as connection:
        digests.send(
            connection, tenant_id, partial(directory.address_of, connection, tenant_id), link_of, now()
        )


def push_sender(settings: Settings, database: Database, outbound: Outbound, now: Now) -> waking.Sender:
    """What wakes devices."""
    services, seal = subscriptions.PushServices(settings, outbound), subscriptions.open_seal(settings)
    return waking.Sender(database, services, seal, vapid(settings), sessions.is_signed_in, now)
