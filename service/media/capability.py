"""A capability in an address: leave for one record, for players that send no Authorization header.

It says which record, on which session, until when. Who holds it is asked anew at each request, so it opens nothing that
its person may not see by then, and nothing after she has signed out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from schemas.problems import Problem, Refused

PLAYBACK = b"comewatch playback"
UPLOAD = b"comewatch upload"
UPLOAD_LEAVE_LASTS = timedelta(hours=24)
"""A page may be left open over a night; after that it asks for another."""
PLAYBACK_LASTS = timedelta(hours=6)
"""Longer than the longest recording."""
_BODY = struct.Struct(">16s16sQ")
_MAC = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Capability:
    """Leave for one record, for the person of a session, until a moment."""

    tenant_id: UUID
    session_id: UUID
    media_id: str
    until: datetime


class Capabilities:
    """Writes and reads capabilities for one purpose, under a key of its own."""

    def __init__(self, secret_key: bytes, purpose: bytes) -> None:
        self._seal = hmac.digest(secret_key, purpose, hashlib.sha256)

    def write(self, capability: Capability) -> str:
        """The capability as a part of an address."""
        whose = (capability.tenant_id.bytes, capability.session_id.bytes, int(capability.until.timestamp()))
        body = _BODY.pack(*whose) + capability.media_id.encode()
        return base64.urlsafe_b64encode(self._mac(body) + body).decode().rstrip("=")

    def read(self, token: str, now: datetime) -> Capability:
        """What it says; Refused(NOT_FOUND) when it is not one of ours, or over."""
        sealed = _decoded(token)
        mac, body = sealed[:_MAC], sealed[_MAC:]
        if len(body) <= _BODY.size or not hmac.compare_digest(mac, self._mac(body)):
            raise Refused(Problem.NOT_FOUND)
        tenant, session, until = _BODY.unpack_from(body)
        ends = datetime.fromtimestamp(until, UTC)
        if ends <= now:
            raise Refused(Problem.NOT_FOUND)
        return Capability(UUID(bytes=tenant), UUID(bytes=session), body[_BODY.size :].decode(), ends)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._seal, body, hashlib.sha256)


def _decoded(token: str) -> bytes:
    if not token.isascii():
        return b""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
