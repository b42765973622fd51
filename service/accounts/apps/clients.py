"""An app in the words of Authlib: which addresses, grants and scopes it may name, and how it proves who it is."""

from __future__ import annotations

import hmac
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE
from sqlalchemy import Row

from service.accounts.apps import scopes
from service.accounts.apps.registry import sha256

METHODS = ["none", "client_secret_basic"]
_FOR_ALL = frozenset({"authorization_code", "refresh_token", DEVICE_CODE_GRANT_TYPE})


class Client(ClientMixin):  # type: ignore[misc]  # untyped base
    """One app's row."""

    def __init__(self, row: Row[Any]) -> None:
        self.client_id: str = row.client_id
        self.name: str = row.name
        self.scopes = frozenset(row.scopes)
        self._row = row

    @property
    def is_public(self) -> bool:
        """Whether it runs where it can keep no secret."""
        return self._row.secret_hash is None

    def get_client_id(self) -> str:
        """Its id."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Where to send people back to when the request does not say, and there is no choice."""
        uris = self._row.redirect_uris
        return uris[0] if len(uris) == 1 else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it registered this very address, to the letter."""
        return redirect_uri in self._row.redirect_uris

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes as asked for; None where none is named, or one that it never registered."""
        asked = scopes.read(scope)
        return scopes.write(asked) if asked and asked <= self.scopes else None

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether this is its secret."""
        kept: str | None = self._row.secret_hash
        return kept is not None and hmac.compare_digest(kept, sha256(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """A public app says its name, any other proves it in the Authorization header."""
        return method == ("none" if self.is_public else "client_secret_basic")

    def check_response_type(self, response_type: str) -> bool:
        """Codes only: no token ever travels in an address."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Who keeps no secret cannot act without a person."""
        return grant_type in _FOR_ALL or (grant_type == "client_credentials" and not self.is_public)
