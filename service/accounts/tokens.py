"""What a phone carries: an access token for ten minutes, and a refresh token of which nothing secret is stored.

Access: a JWT (RFC 9068 `at+jwt`) signed with ES256. Refresh: tenant, session and generation under an HMAC, so the
successor of a lost answer can be given again, the very same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jwt import Token

from schemas.problems import Problem, Refused
from service.settings import Settings
from sync.clock import Now, system_now

ACCESS_LASTS = timedelta(minutes=10)
TICKET_LASTS = timedelta(seconds=30)
AUDIENCE = "comewatch"
MOST_KEPT = 4096
"""Access tokens whose signatures a process remembers."""
_ALGORITHM = "ES256"
_TYPE = "at+jwt"
_TICKET = "live+jwt"
_LEEWAY = timedelta(seconds=5)
_PREFIX = "cwr_"
_BROWSER_PREFIX = "cwb_"
_BODY = struct.Struct(">16s16sI")
_WORDS = ("sub", "tid", "sid", "dev")


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says, once its signature holds: a session's device, and whose it is.

    `scopes` are None in a token of our own apps; in another's app's, what that app may do.
    """

    tenant_id: UUID
    session_id: UUID
    generation: int
    person_id: str
    device_id: str
    expires_at: datetime | None = field(default=None, compare=False)  # of a token that was read
    scopes: frozenset[str] | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a refresh token says, once its HMAC holds."""

    tenant_id: UUID
    session_id: UUID
    generation: int


class Tokens:
    """Writes and reads both tokens."""

    def __init__(self, settings: Settings, now: Now = system_now) -> None:
        self._key = ECKey.import_key(settings.token_key)
        self._kid = self._key.thumbprint()
        self._seal = hmac.digest(settings.secret_key, b"comewatch refresh token", hashlib.sha256)
        self._browser_seal = hmac.digest(settings.secret_key, b"comewatch browser", hashlib.sha256)
        self._issuer = settings.public_url
        self._now = now
        # a phone shows its token with every request: a signature that held once holds; the times are read anew each time
        self._signed = lru_cache(maxsize=MOST_KEPT)(self._verified)

    def write_access(self, claims: Claims) -> str:
        """A token that opens the API for ten minutes, unless its session ends before."""
        return self._write(claims, _TYPE, self._now() + ACCESS_LASTS, **_of_app(claims))

    def write_ticket(self, claims: Claims) -> str:
        """What opens one live stream elsewhere within 30 s, for as long as the access token that was shown is good."""
        expires_at = claims.expires_at or self._now()
        until = int(expires_at.timestamp())
        return self._write(claims, _TICKET, self._now() + TICKET_LASTS, until=until, **_of_app(claims))

    def _write(self, claims: Claims, type_: str, expires_at: datetime, **more: Any) -> str:
        said = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": claims.person_id,
            "tid": str(claims.tenant_id),
            "sid": str(claims.session_id),
            "gen": claims.generation,
            "dev": claims.device_id,
            "jti": str(uuid4()),
            "iat": int(self._now().timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        header = {"alg": _ALGORITHM, "typ": type_, "kid": self._kid}
        return jwt.encode(header, said | more, self._key, [_ALGORITHM])

    def read_access(self, token: str) -> Claims:
        """What the token says; Refused(SIGN_IN_REQUIRED) when it is not ours, not for here, or too old."""
        return self._read(token, _TYPE)

    def read_ticket(self, ticket: str) -> Claims:
        """What a ticket says; it expires when the access token does that it was given for. Refused as `read_access`."""
        return self._read(ticket, _TICKET)

    def _read(self, token: str, type_: str) -> Claims:
        try:
            read = self._signed(token)
        except (JoseError, ValueError, TypeError):
            raise Refused(Problem.SIGN_IN_REQUIRED, "The access token is not one of ours.") from None
        if read.header.get("typ") != type_ or not self._is_for_us(read.claims):
            raise Refused(Problem.SIGN_IN_REQUIRED, "The access token is not meant for this service.")
        if not self._is_current(read.claims):
            raise Refused(Problem.SIGN_IN_REQUIRED, "The access token has expired.")
        claims = read.claims
        expires_at = datetime.fromtimestamp(claims["until" if "until" in claims else "exp"], UTC)
        whose = (UUID(claims["tid"]), UUID(claims["sid"]), claims["gen"], claims["sub"], claims["dev"])
        scopes = frozenset(claims["scope"].split()) if "client_id" in claims else None
        return Claims(*whose, expires_at, scopes, claims.get("client_id"))

    def _verified(self, token: str) -> Token:
        return jwt.decode(token, self._key, [_ALGORITHM])

    def public_keys(self) -> dict[str, Any]:
        """The key that proves our access tokens, as a set of keys (RFC 7517)."""
        key = self._key.as_dict(private=False) | {"kid": self._kid, "use": "sig", "alg": _ALGORITHM}
        return {"keys": [key]}

    def write_refresh(self, refresh: Refresh) -> str:
        """The refresh token of this generation: always the same one."""
        return _sealed(refresh, self._seal, _PREFIX)

    def read_refresh(self, token: str) -> Refresh:
        """What the token says; Refused(SIGN_IN_REQUIRED) when it is not one of ours."""
        refresh = _unsealed(token, self._seal, _PREFIX)
        if refresh is None:
            raise Refused(Problem.SIGN_IN_REQUIRED, "The refresh token is not one of ours.")
        return refresh

    def write_browser(self, tenant_id: UUID, session_id: UUID) -> str:
        """What a browser keeps of its session: it opens our own pages, and nothing else."""
        return _sealed(Refresh(tenant_id, session_id, 0), self._browser_seal, _BROWSER_PREFIX)

    def read_browser(self, said: str) -> Refresh | None:
        """The session of a browser (generation 0); None when this is not one of ours."""
        return _unsealed(said, self._browser_seal, _BROWSER_PREFIX)

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        return (
            claims.get("iss") == self._issuer
            and claims.get("aud") == AUDIENCE
            and all(claims.get(w) for w in _WORDS)
        )

    def _is_current(self, claims: dict[str, Any]) -> bool:
        now, leeway = self._now().timestamp(), _LEEWAY.total_seconds()
        return bool(claims.get("iat", now) <= now + leeway and now < claims.get("exp", 0))


def _sealed(refresh: Refresh, seal: bytes, prefix: str) -> str:
    body = _BODY.pack(refresh.tenant_id.bytes, refresh.session_id.bytes, refresh.generation)
    mac = hmac.digest(seal, body, hashlib.sha256)
    return prefix + base64.urlsafe_b64encode(body + mac).decode().rstrip("=")


def _unsealed(token: str, seal: bytes, prefix: str) -> Refresh | None:
    sealed = _decoded(token, prefix)
    body, mac = sealed[: _BODY.size], sealed[_BODY.size :]
    if len(body) < _BODY.size or not hmac.compare_digest(mac, hmac.digest(seal, body, hashlib.sha256)):
        return None
    tenant, session, generation = _BODY.unpack(body)
    return Refresh(UUID(bytes=tenant), UUID(bytes=session), generation)


def _of_app(claims: Claims) -> dict[str, str]:
    """What RFC 9068 has a token say of the app that it was given to."""
    if claims.client_id is None:
        return {}
    return {"client_id": claims.client_id, "scope": " ".join(sorted(claims.scopes or ()))}


def _decoded(token: str, prefix: str) -> bytes:
    """The bytes of a sealed token; none when it is not even written like one."""
    if not token.startswith(prefix) or not token.isascii():
        return b""
    text = token.removeprefix(prefix)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
