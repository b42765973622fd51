"""Links by mail: one opens a session once, within 15 minutes, on the device that asked, and only when it says so itself.

Asking does the same work for every address; whether it is somebody's, only the worker learns. A mail's scanner that
follows the link finds a page that says what to do: what opens stands after `#`, and is sent by the app, in a POST.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unicodedata import category
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from schemas.problems import Problem, Refused
from service import jobs
from service.accounts import one_time, sessions
from service.accounts.directory import normal
from service.accounts.models import login_address
from service.accounts.one_time import Purpose
from service.accounts.sessions import Pair
from service.accounts.tokens import Tokens
from service.accounts.ways import one_time as kept
from service.database import Database
from service.mail import Mail, post
from sync.clock import Now

SEND = "send_sign_in_link"
MOST_AT_ONCE = 3
"""Links of one person that may be good at a time: nobody fills another's mailbox."""
LONGEST_NAME = 40
"""Characters of a device's name that a mail says."""
SUBJECT = "Your link to sign in"
TEXT = """Hello,

somebody asked to sign in to Come Watch with this address, on {device}.

{link}

Open it on that device, or copy it into the app there, within 15 minutes. It works once, and on no other device.
If you did not ask, do nothing: without that device nobody can use it.
"""


def ask(
    connection: Connection, address: str, device: tuple[str, str], code_challenge: str, now: datetime
) -> None:
    """Have the worker send a link if the address is somebody's; DirectoryError when it is no address at all."""
    about = {"address": normal(address), "device": list(device), "challenge": code_challenge}
    asked = one_time.give(connection, Purpose.LINK_ASKED, about, now)
    jobs.enqueue(connection, SEND, asked=asked)


def send(database: Database, public_url: str, asked: str, now: Now) -> None:
    """The worker's part: a mail for the person whose address it is, and nothing for anybody else."""
    with database.begin_reference() as connection:
        row = _whose(connection, asked)
    if row is None:
        return
    with database.begin(row.tenant_id) as connection:
        about = one_time.take_in(connection, Purpose.LINK_ASKED, asked, now())
        if about is None or _waiting(connection, row, now()) >= MOST_AT_ONCE:
            return
        whom = {"tenant": str(row.tenant_id), "person": row.person_id}
        token = one_time.give(connection, Purpose.LINK, about | whom, now(), whose=row.person_id)
        link = f"{public_url.rstrip('/')}/v1/sign-in/link#{token}"
        text = TEXT.format(device=_named(about["device"][1]), link=link)
        good_until = now() + Purpose.LINK.lasts
        post(connection, row.tenant_id, Mail(row.address, SUBJECT, text, good_until=good_until), now())


def open_session(
    database: Database, tokens: Tokens, token: str, verifier: str, device_id: str, now: Now
) -> Pair:
    """A session on the device that asked; Refused(CODE_NOT_VALID) for any other, and ever after."""
    about = one_time.take(database, Purpose.LINK, token, now)
    if about is None or about["device"][0] != device_id or not one_time.proves(verifier, about["challenge"]):
        raise Refused(Problem.CODE_NOT_VALID)
    tenant_id, device = UUID(about["tenant"]), tuple(about["device"])
    with database.begin(tenant_id) as connection:
        return sessions.open_on(connection, tokens, tenant_id, about["person"], device, now())


def _whose(connection: Connection, asked: str) -> Any:
    """The login address that was asked for, if it is somebody's."""
    about = connection.scalar(select(kept.c.about).where(kept.c.hash == one_time.sha256(asked)))
    address = about and about["address"]
    return connection.execute(select(login_address).where(login_address.c.address == address)).one_or_none()


def _waiting(connection: Connection, row: Row[Any], now: datetime) -> int:
    hers = one_time.of_people(row.tenant_id, [row.person_id])
    links = hers & (kept.c.purpose == Purpose.LINK.word) & (kept.c.expires_at >= now)
    return connection.scalar(select(func.count()).select_from(kept).where(links)) or 0


def _named(device_name: str) -> str:
    """The device as a mail of ours may say it: anybody may ask, and must not write to her in our name."""
    letters = (one if category(one)[0] in "LMN" or one in "-'’()" else " " for one in device_name)
    name = " ".join("".join(letters).split())[:LONGEST_NAME].strip()
    return f'"{name}"' if name else "a device without a name"
