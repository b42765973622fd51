"""The way through a browser: an authorization code for a minute, bound to one app, one address and one proof (PKCE, S256)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from sqlalchemy import Connection, Row, insert, select, update

from service.accounts.apps import scopes
from service.accounts.apps.clients import METHODS, Client
from service.accounts.apps.granting import Desk
from service.accounts.apps.models import code as codes
from service.accounts.apps.registry import sha256
from service.accounts.apps.requests import Asked

LASTS = timedelta(seconds=60)
REPLAYED = "an authorization code was used twice"


@dataclass(frozen=True, slots=True)
class Person:
    """Who lets the app act for her, and in what."""

    person_id: str
    agreed: frozenset[str]


class Code:
    """A stored code, as Authlib's grant and its PKCE read it."""

    code_challenge_method = "S256"

    def __init__(self, row: Row[Any]) -> None:
        self.row = row
        self.code_challenge: str = row.code_challenge

    def get_redirect_uri(self) -> str | None:
        """The address that the request named."""
        uri: str | None = self.row.redirect_uri
        return uri

    def get_scope(self) -> str:
        """What the person agreed to."""
        return scopes.write(self.row.scopes)


class OnlyS256(CodeChallenge):  # type: ignore[misc]  # untyped base
    """PKCE, demanded of every app: Authlib lets "plain" pass, and leaves it out for who has a secret."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse what brings no challenge, or another kind of it."""
        said = grant.request.said
        if not said.get("code_challenge") or said.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Send code_challenge with code_challenge_method=S256.")
        super().validate_code_challenge(grant, redirect_uri)


class ByCode(AuthorizationCodeGrant):  # type: ignore[misc]  # untyped base
    """Gives codes, and takes each once. A second time ends the session that the first one opened."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    request: Asked

    @property
    def _desk(self) -> Desk:
        desk: Desk = self.server.desk
        return desk

    def generate_authorization_code(self) -> str:
        """256 random bits."""
        return f"cwc_{secrets.token_urlsafe(32)}"

    def save_authorization_code(self, code: str, request: Asked) -> None:
        """Keep its hash, and what it was given for."""
        row = {
            "code_hash": sha256(code),
            "client_id": request.client.client_id,
            "tenant_id": self._desk.tenant_id,
            "person_id": request.user.person_id,
            "redirect_uri": request.said.get("redirect_uri"),
            "scopes": sorted(request.user.agreed),
            "code_challenge": request.said["code_challenge"],
            "expires_at": self._desk.now + LASTS,
        }
        self._desk.connection.execute(insert(codes).values(row))

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """The code, if it is this app's and fresh."""
        this = codes.c.code_hash == sha256(code)
        row = self._desk.connection.execute(select(codes).where(this).with_for_update()).one_or_none()
        if row is None or row.client_id != client.client_id:
            return None
        if row.used_at is not None:
            self._desk.end(row.session_id, REPLAYED)
            return None
        return Code(row) if self._desk.now <= row.expires_at else None

    def authenticate_user(self, authorization_code: Code) -> Person | None:
        """The person who agreed, if her tenant still approves."""
        row = authorization_code.row
        agreed = frozenset(row.scopes)
        return Person(row.person_id, agreed) if agreed <= self._desk.approved(row.client_id) else None

    def generate_token(self, user: Person, scope: str, **_: Any) -> dict[str, Any]:
        """Open the app's session, and note on the code that it did."""
        session_id = self._desk.open(self.request.client, user.person_id, scopes.read(scope))
        row = self._desk.find(session_id)
        assert row is not None, "it was made a moment ago"
        this = codes.c.code_hash == self.request.authorization_code.row.code_hash
        used = {"used_at": self._desk.now, "session_id": session_id}
        self._desk.connection.execute(update(codes).where(this).values(**used))
        return self._desk.answer(row, 1)

    def save_token(self, token: dict[str, Any]) -> None:
        """Nothing: tokens are not stored."""

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Nothing: it stays until it is old, so that a second use is noticed."""


def tenant_of(connection: Connection, code: str) -> UUID | None:
    """The tenant in which a code was given."""
    found: UUID | None = connection.scalar(select(codes.c.tenant_id).where(codes.c.code_hash == sha256(code)))
    return found
