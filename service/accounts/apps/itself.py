"""An app that acts for itself in a tenant, without any person: for the few scopes that need none."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from sqlalchemy import Connection, Row, select

from service.accounts.apps import registry, scopes
from service.accounts.apps.granting import Desk
from service.accounts.apps.requests import Asked
from service.accounts.models import session, tenant


class ByItself(ClientCredentialsGrant):  # type: ignore[misc]  # untyped base
    """An access token for an app with a secret. One session for each tenant stands behind all of them."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)
    request: Asked

    @property
    def _desk(self) -> Desk:
        desk: Desk = self.server.desk
        return desk

    def validate_requested_scope(self) -> None:
        """Only what the tenant approved, and what an app may have by itself."""
        client, asked = self.request.client, scopes.read(self.request.said.get("scope"))
        allowed = client.scopes & self._desk.approved(client.client_id) & scopes.BY_ITSELF
        if not asked or not asked <= allowed:
            raise InvalidScopeError(
                "Name scopes that an app may have by itself, and that the tenant approved."
            )

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """The access token of the app's own session there."""
        asked = scopes.read(self.request.said.get("scope"))
        return self._desk.answer(self._session(), 1, asked, renewable=False)

    def _session(self) -> Row[Any]:
        client_id = self.request.client.client_id
        granted = self.request.client.scopes & self._desk.approved(client_id) & scopes.BY_ITSELF
        own = (session.c.client_id == client_id) & (session.c.person_id == client_id)
        there = select(session).where(
            session.c.tenant_id == self._desk.tenant_id, own, session.c.revoked_at.is_(None)
        )
        for row in self._desk.connection.execute(there):
            if frozenset(row.scopes) == granted:
                return row
        opened = self._desk.find(self._desk.open(self.request.client, client_id, granted))
        assert opened is not None, "it was made a moment ago"
        return opened

    def save_token(self, token: dict[str, Any]) -> None:
        """Nothing: tokens are not stored."""


def tenant_of(connection: Connection, client_id: str, slug: str | None) -> UUID | None:
    """The tenant that an app's request names; else the one that registered the app."""
    if slug is not None:
        named: UUID | None = connection.scalar(select(tenant.c.id).where(tenant.c.slug == slug))
        return named
    row = registry.find(connection, client_id)
    own: UUID | None = row.tenant_id if row else None
    return own
