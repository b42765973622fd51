"""Sealing what must be readable again, unlike a password: under a key that follows from SECRET_KEY, one for each purpose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

WEBHOOK_SECRETS = b"comewatch webhook secrets"
PUSH_SUBSCRIPTIONS = b"comewatch push subscriptions"
KEPT_ANSWERS = b"comewatch kept answers"
_NONCE = 12


class Seal:
    """Seals and opens for one purpose (AES-256-GCM)."""

    def __init__(self, secret_key: bytes, purpose: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(secret_key, purpose, hashlib.sha256))

    def seal(self, said: str, whose: str) -> str:
        """What was said, to be opened for the same `whose` alone: a row copied onto another opens nothing."""
        nonce = secrets.token_bytes(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, said.encode(), whose.encode())).decode()

    def open(self, sealed: str, whose: str) -> str:
        """What was sealed; raises cryptography's InvalidTag when it is another's, or the key has changed."""
        raw = base64.b64decode(sealed)
        return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], whose.encode()).decode()
