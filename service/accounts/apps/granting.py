"""What all ways to a token share: the session that an app is given, and the answer that carries its tokens."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row

from service.accounts import sessions
from service.accounts.apps import registry, scopes
from service.accounts.apps.clients import Client
from service.accounts.models import session
from service.accounts.sessions import App
from service.accounts.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Desk:
    """What a request is worked on with: one transaction, of `tenant_id` where one is known."""

    connection: Connection
    tokens: Tokens
    now: datetime
    issuer: str
    tenant_id: UUID | None = None

    def approved(self, client_id: str) -> frozenset[str]:
        """What the tenant approved of the app."""
        if self.tenant_id is None:
            return frozenset()
        return registry.approved_scopes(self.connection, self.tenant_id, client_id) or frozenset()

    def find(self, session_id: UUID, *, lock: bool = False) -> Row[Any] | None:
        """An app's session of this tenant; None for any other."""
        if self.tenant_id is None:
            return None
        row = sessions.find(self.connection, self.tenant_id, session_id, lock=lock)
        return row if row and row.client_id else None

    def open(self, client: Client, person_id: str, granted: Collection[str]) -> UUID:
        """A session of the app for the person; as its device counts this one grant."""
        assert self.tenant_id is not None, "who lets an app do something has a tenant"
        app = App(client.client_id, frozenset(granted))
        device = (f"app-{uuid4().hex}", client.name)
        return sessions.start(self.connection, self.tenant_id, person_id, device, self.now, app)

    def end(self, session_id: UUID, reason: str) -> None:
        """End an app's session of this tenant."""
        if self.tenant_id is not None:
            this = (session.c.id == session_id) & session.c.client_id.isnot(None)
            sessions.end(self.connection, self.tenant_id, this, reason, self.now)

    def answer(
        self,
        row: Row[Any],
        generation: int,
        narrowed: frozenset[str] | None = None,
        *,
        renewable: bool = True,
    ) -> dict[str, Any]:
        """The tokens of this generation in the words of RFC 6749."""
        pair = sessions.pair(self.tokens, row, generation, narrowed)
        said = {
            "token_type": pair.token_type,
            "access_token": pair.access_token,
            "expires_in": pair.expires_in,
            "scope": scopes.write(narrowed or row.scopes),
        }
        return said | ({"refresh_token": pair.refresh_token} if renewable else {})
