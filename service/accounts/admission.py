"""The first question of every signed-in request: does the session live, and what is the person here?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Uuid, any_, literal, select

from service.accounts.models import session
from service.accounts.sessions import confirm, ended, is_news
from service.accounts.tokens import Claims
from service.records import KINDS
from service.records.people import table as people
from sync.server.actor import Actor
from sync.server.statement import Question, Statement

_LIVING = select(session.c.id).join(
    people, (people.c.tenant_id == session.c.tenant_id) & (people.c.id == session.c.person_id)
)

# An app that acts for itself has no person: its session names the app in her place.
_ADMIT = Statement("""
SELECT s.tenant_id, s.id, s.person_id, s.device_id, s.generation, s.confirmed, s.revoked_at, s.reason, s.wipe,
       s.client_id, s.scopes, a.scopes AS approved,
       ARRAY(SELECT g.role FROM role_grants g
              WHERE g.tenant_id = :tenant AND g.person_id = s.person_id AND g.host_id IS NULL
                AND (g.from_at IS NULL OR g.from_at <= :now) AND (g.until_at IS NULL OR g.until_at > :now)) AS roles
  FROM session s LEFT JOIN people p ON p.tenant_id = :tenant AND p.tenant_id = s.tenant_id AND p.id = s.person_id
  LEFT JOIN app_approval a ON a.tenant_id = :tenant AND a.tenant_id = s.tenant_id AND a.client_id = s.client_id
 WHERE s.tenant_id = :tenant AND s.id = :session AND (p.id IS NOT NULL OR s.person_id = s.client_id)
""")


def living(connection: Connection, tenant_id: UUID, session_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these sessions `admit` would still let in."""
    these = any_(literal(list(session_ids), ARRAY(Uuid)))
    found = _LIVING.where(
        session.c.tenant_id == tenant_id, session.c.id == these, session.c.revoked_at.is_(None)
    )
    return set(connection.execute(found).scalars())


def question(claims: Claims, now: datetime) -> Question:
    """What `admits` and `admit` need to know; a role that has ended by now is none."""
    return _ADMIT, {"tenant": claims.tenant_id, "session": claims.session_id, "now": now}


def admits(rows: Sequence[Any], claims: Claims) -> bool:
    """Whether `admit` would let her in with nothing to say or to note, on an app of ours."""
    ours = bool(rows) and rows[0].client_id is None and rows[0].revoked_at is None
    return ours and not is_news(rows[0], claims.generation)


def admit(connection: Connection, rows: Sequence[Any], claims: Claims, now: datetime) -> Actor:
    """Who acts, with the roles she has now, by the answer to `question`.

    Refused(SESSION_ENDED) when the session or the person is no more.
    """
    row = rows[0] if rows else None
    if row is None or row.revoked_at or (row.client_id and row.approved is None):
        raise ended(row)
    confirm(connection, row, claims.generation, now)
    scopes = _scopes(row, claims)
    roles = frozenset(row.roles)
    return Actor(
        row.tenant_id, row.person_id, row.device_id, roles, scopes, KINDS.hidden(scopes), row.client_id
    )


def _scopes(row: Any, claims: Claims) -> frozenset[str] | None:
    """What an app may do: by its token, by what the person let it do, and by what the tenant approved."""
    if row.client_id is None:
        return None
    granted = frozenset(row.scopes) & frozenset(row.approved)
    return granted if claims.scopes is None else granted & claims.scopes
