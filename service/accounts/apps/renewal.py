"""Renewing an app's tokens: by the generations of its session, as a phone does (`service.accounts.sessions`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant
from sqlalchemy import Row

from schemas.problems import Refused
from service.accounts import sessions
from service.accounts.apps import scopes
from service.accounts.apps.clients import METHODS, Client
from service.accounts.apps.granting import Desk
from service.accounts.apps.requests import Asked


@dataclass(frozen=True, slots=True)
class Turned:
    """A session that was turned to its next generation."""

    row: Row[Any]
    generation: int

    def check_client(self, client: Client) -> bool:
        """Whether it is this app's; it was not turned otherwise."""
        return bool(self.row.client_id == client.client_id)

    def get_scope(self) -> str:
        """All that the person agreed to."""
        return scopes.write(self.row.scopes)


class ByRefreshToken(RefreshTokenGrant):  # type: ignore[misc]  # untyped base
    """The next pair. When the answer was lost the same token gives the same successor; a copy ends the session."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    request: Asked

    @property
    def _desk(self) -> Desk:
        desk: Desk = self.server.desk
        return desk

    def authenticate_refresh_token(self, refresh_token: str) -> Turned | None:
        """The session, turned; None for a token that is not this app's, or whose session has ended."""
        try:
            shown = self._desk.tokens.read_refresh(refresh_token)
        except Refused:
            return None
        row = self._desk.find(shown.session_id, lock=True)
        client_id = self.request.client.client_id
        if row is None or row.client_id != client_id or not self._desk.approved(client_id):
            return None
        generation = sessions.turn(self._desk.connection, row, shown, self._desk.now)
        return None if isinstance(generation, Refused) else Turned(row, generation)

    def authenticate_user(self, refresh_token: Turned) -> Turned:
        """Whether the person is still there is asked at each use of the access token."""
        return refresh_token

    def issue_token(self, user: Turned, refresh_token: Turned) -> dict[str, Any]:
        """The pair; its access token for fewer scopes where fewer are asked for."""
        asked = self.request.said.get("scope")
        narrowed = scopes.read(asked) or None
        return self._desk.answer(refresh_token.row, refresh_token.generation, narrowed)

    def save_token(self, token: dict[str, Any]) -> None:
        """Nothing: tokens are not stored."""

    def revoke_old_credential(self, refresh_token: Turned) -> None:
        """Nothing: the generation says it."""
