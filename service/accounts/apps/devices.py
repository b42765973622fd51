"""The way for apps without a browser (RFC 8628): the device shows a short code, the person types it where she is signed in."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError, InvalidScopeError
from authlib.oauth2.rfc8628 import (
    AuthorizationPendingError,
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    ExpiredTokenError,
    SlowDownError,
)
from sqlalchemy import Connection, Row, insert, select, update

from service.accounts.apps import scopes
from service.accounts.apps.clients import METHODS
from service.accounts.apps.code import Person
from service.accounts.apps.granting import Desk
from service.accounts.apps.models import device_code as codes
from service.accounts.apps.registry import sha256
from service.accounts.apps.requests import Asked

LASTS = timedelta(minutes=10)
INTERVAL_S = 5
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628, 6.1: no vowels make no words, nothing is misread


class Devices(DeviceAuthorizationEndpoint):  # type: ignore[misc]  # untyped base
    """Gives a device its two codes."""

    CLIENT_AUTH_METHODS = METHODS
    EXPIRES_IN = int(LASTS.total_seconds())
    INTERVAL = INTERVAL_S

    def create_endpoint_response(self, request: Asked) -> Any:
        """The codes; refuses scopes that the app never registered."""
        client = self.authenticate_client(request)
        if client.get_allowed_scope(request.said.get("scope")) is None:
            raise InvalidScopeError()
        return super().create_endpoint_response(request)

    def generate_user_code(self) -> str:
        """Eight letters, 34 bits, of use for ten minutes to who is signed in."""
        letters = [secrets.choice(_LETTERS) for _ in range(8)]
        return f"{''.join(letters[:4])}-{''.join(letters[4:])}"

    def generate_device_code(self) -> str:
        """256 random bits."""
        return f"cwd_{secrets.token_urlsafe(32)}"

    def get_verification_uri(self) -> str:
        """Our page for it."""
        return f"{self.server.desk.issuer.rstrip('/')}/oauth/device"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        """Keep the hashes of both codes."""
        row = {
            "device_hash": sha256(data["device_code"]),
            "user_hash": user_hash(data["user_code"]),
            "client_id": client_id,
            "scopes": sorted(scopes.read(scope)),
            "expires_at": self.server.desk.now + LASTS,
            "interval_s": INTERVAL_S,
        }
        self.server.desk.connection.execute(insert(codes).values(row))


class Credential:
    """A stored device code, as Authlib's grant reads it."""

    def __init__(self, row: Row[Any]) -> None:
        self.row = row

    def get_client_id(self) -> str:
        """The app that asked for it."""
        client_id: str = self.row.client_id
        return client_id

    def get_scope(self) -> str:
        """What it asked for."""
        return scopes.write(self.row.scopes)


class ByDeviceCode(DeviceCodeGrant):  # type: ignore[misc]  # untyped base
    """Tokens once the person has agreed. A lost answer is given again until its tokens are seen in use."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    request: Asked

    @property
    def _desk(self) -> Desk:
        desk: Desk = self.server.desk
        return desk

    def query_device_credential(self, device_code: str) -> Credential | None:
        """The code, locked."""
        this = codes.c.device_hash == sha256(device_code)
        row = self._desk.connection.execute(select(codes).where(this).with_for_update()).one_or_none()
        return Credential(row) if row else None

    def validate_device_credential(self, credential: Credential) -> Person:
        """The person who agreed; an error of RFC 8628 until there is one."""
        row = credential.row
        if self._desk.now > row.expires_at:
            raise ExpiredTokenError()
        if row.denied_at is not None:
            raise AccessDeniedError()
        if row.person_id is not None and row.tenant_id == self._desk.tenant_id:
            return Person(row.person_id, frozenset(row.scopes))
        raise self._too_early(row)

    def generate_token(self, user: Person, scope: str, **_: Any) -> dict[str, Any]:
        """The tokens of the session that this code opens, or has opened without being heard."""
        row = self.request.credential.row
        if row.session_id is None:
            granted = scopes.read(scope) & self._desk.approved(row.client_id)
            if not granted:
                raise InvalidGrantError()
            session_id = self._desk.open(self.request.client, user.person_id, granted)
            this = codes.c.device_hash == row.device_hash
            self._desk.connection.execute(update(codes).where(this).values(session_id=session_id))
        opened = self._desk.find(row.session_id or session_id)
        if opened is None or opened.confirmed or opened.generation > 1 or opened.revoked_at:
            raise InvalidGrantError()
        return self._desk.answer(opened, 1)

    def save_token(self, token: dict[str, Any]) -> None:
        """Nothing: tokens are not stored."""

    def _too_early(self, row: Row[Any]) -> OAuth2Error:
        """Come again; and more slowly, when it comes before its time."""
        wait = timedelta(seconds=row.interval_s)
        hurries = row.polled_at is not None and self._desk.now - row.polled_at < wait
        noted = {"polled_at": self._desk.now, "interval_s": row.interval_s + (INTERVAL_S if hurries else 0)}
        this = codes.c.device_hash == row.device_hash
        self._desk.connection.execute(update(codes).where(this).values(**noted))
        error: OAuth2Error = SlowDownError() if hurries else AuthorizationPendingError()
        return error


def waiting(desk: Desk, user_code: str) -> Row[Any] | None:
    """The device that shows this code and waits for an answer."""
    this = select(codes).where(codes.c.user_hash == user_hash(user_code), codes.c.expires_at >= desk.now)
    open_still = this.where(codes.c.person_id.is_(None), codes.c.denied_at.is_(None))
    return desk.connection.execute(open_still.with_for_update()).one_or_none()


def settle(desk: Desk, row: Row[Any], person: Person | None) -> None:
    """What somebody said to the device that waits: who agreed, or that nobody did."""
    said: dict[str, Any] = {"denied_at": desk.now}
    if person:
        agreed = sorted(person.agreed)
        said = {"tenant_id": desk.tenant_id, "person_id": person.person_id, "scopes": agreed}
    this = codes.c.device_hash == row.device_hash
    desk.connection.execute(update(codes).where(this).values(**said))


def user_hash(user_code: str) -> str:
    """SHA-256 of a user code, however it was typed.

    >>> user_hash("bcdf ghjk") == user_hash("BCDF-GHJK")
    True
    """
    return sha256("".join(letter for letter in user_code.upper() if letter.isalnum()))


def tenant_of(connection: Connection, device_code: str) -> UUID | None:
    """The tenant of who agreed."""
    this = select(codes.c.tenant_id).where(codes.c.device_hash == sha256(device_code))
    found: UUID | None = connection.scalar(this)
    return found
