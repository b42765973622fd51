"""Keeps a phone signed in: the tokens lie in the person's own store, and a lost answer never signs anybody out.

The refresh token is sent until its successor is safely stored: the server gives the same successor again until it sees
that one in use. An ended session deletes nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sync.client.errors import Declined, DeviceRevoked, SignInRequired
from sync.client.lock import alone
from sync.client.store import Store
from sync.client.transport import Transport

T = TypeVar("T")


class Session:
    """One person's session on this phone."""

    def __init__(self, store: Store, transport: Transport) -> None:
        self._store, self._transport = store, transport

    def keep(self, answer: Mapping[str, Any]) -> None:
        """Store the tokens of a sign-in or a refresh, both or none."""
        with self._store.transaction():
            for name in ("access_token", "refresh_token", "person_id", "tenant_id"):
                self._store.set(name, str(answer[name]))

    def end(self) -> None:
        """Forget the tokens, and nothing else."""
        with self._store.transaction():
            self._store.set("access_token", None)
            self._store.set("refresh_token", None)

    def ask(self, method: str, path: str, said: Any = None) -> dict[str, Any]:
        """The server's answer to this person; refreshes the session once when it has run out."""
        return self._signed(lambda token: self._transport.ask(method, path, said, token=token))

    def fetch(self, path: str) -> bytes:
        """What lies at an address, as this person."""
        return self._signed(lambda token: self._transport.fetch(path, token=token))

    def _signed(self, call: Callable[[str], T]) -> T:
        token = self._store.setting("access_token")
        try:
            return call(token or self._refresh(token))
        except Declined as declined:
            if declined.status != 401:
                raise
        try:
            return call(self._refresh(token))
        except Declined as declined:
            raise _ended(declined) from declined

    def _refresh(self, stale: str | None) -> str:
        """A new access token. One process at a time: the token before the last ends the session."""
        with alone(self._store.path.with_suffix(".refresh"), wait=60):
            token = self._store.setting("access_token")
            if token and token != stale:  # another process was quicker
                return token
            return self._successor()

    def _successor(self) -> str:
        refresh_token = self._store.setting("refresh_token")
        if refresh_token is None:
            raise SignInRequired
        try:
            answer = self._transport.ask("POST", "/v1/sign-in/refresh", {"refresh_token": refresh_token})
        except Declined as declined:
            raise _ended(declined) from declined
        self.keep(answer)
        return str(answer["access_token"])


def _ended(declined: Declined) -> Exception:
    if declined.status != 401:
        return declined
    return (
        DeviceRevoked()
        if declined.document.get("wipe") is True
        else SignInRequired("This session has ended.")
    )
