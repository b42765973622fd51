"""Signing in without an invitation code: at the school's own sign-in, in a browser, or by a link in a mail.

The phone keeps a proof (PKCE) to itself: who sees the code alone cannot use it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sync.client.transport import Transport

NAME = "Python client"
"""What a device is called that nobody named."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that this phone began; show it again at its end. `address`: what the browser must open, if it must."""

    verifier: str
    address: str | None = None


class Arrival:
    """Begins and ends sign-ins of one device; what ends one returns the person's id."""

    def __init__(
        self,
        transport: Transport,
        device_id: str,
        server: str | None,
        arrived: Callable[[Mapping[str, Any]], str],
    ) -> None:
        self._transport, self._device_id, self._server = transport, device_id, server or ""
        self._arrived = arrived

    def schools(self, address: str) -> list[dict[str, str]]:
        """The schools' own sign-ins, `id` and `name`, that such addresses have."""
        found: list[dict[str, str]] = self._transport.ask(
            "POST", "/v1/sign-in/providers", {"address": address}
        )["items"]
        return found

    def at_school(self, school_id: str, device_name: str = "") -> Begun:
        """The address to open in a browser, which ends at a page with a code."""
        verifier = secrets.token_urlsafe(48)
        query = urlencode(self._device(device_name, verifier))
        return Begun(verifier, f"{self._server.rstrip('/')}/v1/sign-in/oidc/{school_id}/start?{query}")

    def from_school(self, begun: Begun, code: str) -> str:
        """Sign in by the code that the browser showed."""
        return self._end("/v1/sign-in/oidc", {"code": code.strip(), "code_verifier": begun.verifier})

    def by_mail(self, address: str, device_name: str = "") -> Begun:
        """Have a link sent to the address, if it is somebody's."""
        verifier = secrets.token_urlsafe(48)
        said = {"address": address} | self._device(device_name, verifier)
        self._transport.ask("POST", "/v1/sign-in/link", said)
        return Begun(verifier)

    def from_mail(self, begun: Begun, link: str) -> str:
        """Sign in by the link that the mail brought, or what stands in it after `#`."""
        token = link.strip().rpartition("#")[2]
        return self._end("/v1/sign-in/link/open", {"token": token, "code_verifier": begun.verifier})

    def _end(self, path: str, said: dict[str, str]) -> str:
        return self._arrived(self._transport.ask("POST", path, said | {"device_id": self._device_id}))

    def _device(self, device_name: str, verifier: str) -> dict[str, str]:
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return {"device_id": self._device_id, "device_name": device_name or NAME, "code_challenge": challenge}
