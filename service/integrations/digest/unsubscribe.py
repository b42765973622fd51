"""The address that ends a person's digests without sign-in. It is signed and kept nowhere; all that it can do is end them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

_PURPOSE = b"comewatch digest unsubscribe"
_TENANT, _SIGNATURE = 16, 32


def token(secret_key: bytes, tenant_id: UUID, person_id: str) -> str:
    """What stands in her address."""
    whose = tenant_id.bytes + person_id.encode()
    return base64.urlsafe_b64encode(_signed(secret_key, whose) + whose).decode().rstrip("=")


def whose(secret_key: bytes, said: str) -> tuple[UUID, str] | None:
    """Tenant and person; None for what we did not sign.

    >>> whose(b"key", token(b"key", UUID(int=7), "person-ana"))
    (UUID('00000000-0000-0000-0000-000000000007'), 'person-ana')
    >>> whose(b"another", token(b"key", UUID(int=7), "person-ana")) is None
    True
    """
    try:
        raw = base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True)
    except ValueError:  # of text that is not ASCII, too
        return None
    signature, named = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if len(named) <= _TENANT or not hmac.compare_digest(signature, _signed(secret_key, named)):
        return None
    return UUID(bytes=named[:_TENANT]), named[_TENANT:].decode()


def _signed(secret_key: bytes, named: bytes) -> bytes:
    return hmac.digest(secret_key, _PURPOSE + named, hashlib.sha256)
