"""An app asks about a token of its own (RFC 7662), or gives it back (RFC 7009)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from sqlalchemy import Row

from schemas.problems import Refused
from service.accounts import sessions
from service.accounts.apps import scopes
from service.accounts.apps.clients import METHODS, Client
from service.accounts.apps.granting import Desk
from service.accounts.apps.requests import Asked
from service.accounts.tokens import Claims, Refresh, Tokens

GIVEN_BACK = "the app gave its access back"


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that was shown, with its session. `claims`: it is an access token."""

    row: Row[Any]
    claims: Claims | None
    generation: int
    desk: Desk

    def check_client(self, client: Client) -> bool:
        """Whether it is this app's."""
        return bool(self.row.client_id == client.client_id)

    def is_expired(self) -> bool:
        """Whether it is too old; an access token that is would not have been read."""
        old = self.desk.now - self.row.created_at > sessions.ABSOLUTE
        return self.claims is None and (old or self.desk.now - self.row.last_used_at > sessions.IDLE)

    def is_revoked(self) -> bool:
        """Whether it opens nothing any more: its session ended, its successor is in use, the tenant withdrew."""
        stale = self.claims is None and self.generation < self.row.confirmed
        return bool(self.row.revoked_at or stale or not self.granted())

    def granted(self) -> frozenset[str]:
        """What it lets the app do now."""
        hers = frozenset(self.row.scopes) & self.desk.approved(self.row.client_id)
        return hers if self.claims is None else hers & (self.claims.scopes or frozenset())


class Introspecting(IntrospectionEndpoint):  # type: ignore[misc]  # untyped base
    """Tells an app about its own tokens; of any other's it says that they are not active."""

    CLIENT_AUTH_METHODS = ("client_secret_basic",)

    def check_permission(self, token: Shown, client: Client, request: Asked) -> bool:
        """Whether the token is this app's."""
        return token.check_client(client)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Shown | None:
        """The token, whichever it is."""
        return shown(self.server.desk, token_string)

    def introspect_token(self, token: Shown) -> dict[str, Any]:
        """What stands behind it."""
        row, claims = token.row, token.claims
        said: dict[str, Any] = {
            "active": True,
            "client_id": row.client_id,
            "sub": row.person_id,
            "scope": scopes.write(token.granted()),
            "iss": token.desk.issuer,
            "token_type": "Bearer" if claims else "refresh_token",
        }
        ends = claims.expires_at if claims else row.last_used_at + sessions.IDLE
        return said | {"exp": int((ends or token.desk.now + timedelta()).timestamp())}


class GivingBack(RevocationEndpoint):  # type: ignore[misc]  # untyped base
    """Ends the session behind a token: both of its tokens are worth nothing at once."""

    CLIENT_AUTH_METHODS = METHODS

    def authenticate_token(self, request: Asked, client: Client) -> Shown | None:
        """The token; another app's is refused."""
        self.check_params(request, client)
        token = shown(self.server.desk, request.said["token"])
        if token and not token.check_client(client):
            raise InvalidGrantError()
        return token

    def revoke_token(self, token: Shown, request: Asked) -> None:
        """End its session."""
        token.desk.end(token.row.id, GIVEN_BACK)


def shown(desk: Desk, token: str) -> Shown | None:
    """The token with its session, if it is one of an app."""
    said = read(desk.tokens, token)
    row = desk.find(said.session_id) if said else None
    if said is None or row is None:
        return None
    return Shown(row, said if isinstance(said, Claims) else None, said.generation, desk)


def read(tokens: Tokens, token: str) -> Claims | Refresh | None:
    """What a token says, whichever of both it is; None for what is none of ours."""
    for as_such in (tokens.read_refresh, tokens.read_access):
        try:
            return as_such(token)
        except Refused:
            continue
    return None


def tenant_of(tokens: Tokens, token: str) -> UUID | None:
    """The tenant that a token names."""
    said = read(tokens, token)
    return said.tenant_id if said else None
