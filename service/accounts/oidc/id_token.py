"""Reads an ID token: signed by its issuer, for us, for this very sign-in, and now. All of it is compared here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from schemas.problems import Problem, Refused
from service.accounts.oidc.discovery import Discovery

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"]
"""With a key of the provider's alone: neither `none` nor what our own client secret could sign."""
LEEWAY = timedelta(seconds=60)
OLDEST = timedelta(minutes=10)
LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom a provider vouches for. `address` only where it says that it has verified it."""

    issuer: str
    subject: str
    address: str | None = None


def read(token: str, discovery: Discovery, issuer: str, client_id: str, nonce: str, now: datetime) -> Vouched:
    """Whom the token is about; Refused(SIGN_IN_FAILED) unless every claim is as it must be."""
    claims = _signed(token, discovery, issuer)
    if claims.get("iss") != issuer:
        raise failed("The ID token is of another issuer.")
    if not _is_for(client_id, claims):
        raise failed("The ID token is meant for another application.")
    if claims.get("nonce") != nonce:
        raise failed("The ID token belongs to another sign-in.")
    if not _is_current(claims, now):
        raise failed("The ID token is too old, or from the future.")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or "\0" in subject:
        raise failed("The ID token does not say whom it is about.")
    return Vouched(issuer, subject, _verified_address(claims))


def failed(detail: str) -> Refused:
    """A sign-in that cannot go on."""
    return Refused(Problem.SIGN_IN_FAILED, detail)


def _signed(token: str, discovery: Discovery, issuer: str) -> dict[str, Any]:
    try:
        try:
            return jwt.decode(token, discovery.keys(issuer), ALGORITHMS).claims
        except InvalidKeyIdError:  # the provider may have turned its keys since
            return jwt.decode(token, discovery.keys(issuer, newer=True), ALGORITHMS).claims
    except (JoseError, ValueError, TypeError):
        raise failed("The ID token is not signed by the school's provider.") from None


def _is_for(client_id: str, claims: dict[str, Any]) -> bool:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        return False
    return claims.get("azp", client_id) == client_id and (len(audiences) == 1 or "azp" in claims)


def _is_current(claims: dict[str, Any], now: datetime) -> bool:
    issued_at, expires_at = _moment(claims.get("iat")), _moment(claims.get("exp"))
    moment, leeway = now.timestamp(), LEEWAY.total_seconds()
    oldest = moment - OLDEST.total_seconds() - leeway
    return oldest <= issued_at <= moment + leeway and moment < expires_at + leeway


def _moment(said: Any) -> float:
    """Seconds since 1970; what is no number is long ago."""
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) else 0.0


def _verified_address(claims: dict[str, Any]) -> str | None:
    address = claims.get("email")
    return address if claims.get("email_verified") is True and isinstance(address, str) else None
