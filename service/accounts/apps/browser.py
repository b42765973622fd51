"""Who sits before our pages: a browser has a session of its own, which opens these pages and nothing else.

Every way to sign in there ends in `begin`, and every page asks `who`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, select

from schemas.problems import Refused
from service.accounts import sessions, sign_in
from service.accounts.models import tenant
from service.accounts.tokens import Tokens
from service.database import Database
from service.records.people import table as people
from sync.clock import Now

LASTS = timedelta(hours=8)
NAME = "A browser"


@dataclass(frozen=True, slots=True)
class Browser:
    """A person who is signed in in this browser."""

    tenant_id: UUID
    session_id: UUID
    person_id: str
    name: str
    tenant_name: str


def who(connection: Connection, tenant_id: UUID, session_id: UUID, now: datetime) -> Browser | None:
    """Who is signed in in the browser with this session; None when nobody is any more."""
    row = sessions.find(connection, tenant_id, session_id)
    if row is None or row.client_id or row.revoked_at or now - row.created_at > LASTS:
        return None
    person = select(people.c.display_name).where(
        people.c.tenant_id == tenant_id, people.c.id == row.person_id
    )
    name = connection.scalar(person)
    school = connection.scalar(select(tenant.c.name).where(tenant.c.id == tenant_id))
    return Browser(tenant_id, session_id, row.person_id, name, school or "") if name else None


def begin(connection: Connection, tenant_id: UUID, person_id: str, now: datetime) -> UUID:
    """A session of this person in one browser more."""
    device = (f"browser-{uuid4().hex}", NAME)
    return sessions.start(connection, tenant_id, person_id, device, now)


def by_code(database: Database, tokens: Tokens, code: str, now: Now) -> str | None:
    """What the browser keeps, for an invitation code; None when the code opens nothing."""
    device = (f"browser-{uuid4().hex}", NAME)
    try:
        pair = sign_in.by_code(database, tokens, code, device, now)
    except Refused:
        return None
    opened = tokens.read_refresh(pair.refresh_token)
    return tokens.write_browser(opened.tenant_id, opened.session_id)
