"""What apps may do for people now: by the sessions that they were given, and by what the tenant approves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from service.accounts.sessions import ABSOLUTE, IDLE
from sync.server.statement import Statement, as_list

_LIVING = Statement("""
SELECT s.person_id, s.client_id, s.scopes, a.scopes AS approved
  FROM json_array_elements(:whose) AS k(pair)
  JOIN session s ON s.tenant_id = :tenant AND s.person_id = k.pair ->> 0 AND s.client_id = k.pair ->> 1
  JOIN app_approval a ON a.tenant_id = :tenant AND a.client_id = s.client_id
 WHERE s.revoked_at IS NULL AND s.created_at >= :oldest AND s.last_used_at >= :used
""")


def scopes_of(
    connection: Connection, tenant_id: UUID, whose: Iterable[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], frozenset[str]]:
    """For each (person, app) the scopes of all its sessions that live; the pairs without one are not among them."""
    asked = {"whose": as_list(whose), "oldest": now - ABSOLUTE, "used": now - IDLE}
    found: dict[tuple[str, str], frozenset[str]] = {}
    for row in _LIVING.rows(connection, tenant=tenant_id, **asked):
        pair = (row.person_id, row.client_id)
        given = frozenset(row.scopes) & frozenset(row.approved)
        found[pair] = found.get(pair, frozenset()) | given
    return found
