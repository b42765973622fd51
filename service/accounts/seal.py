"""Secrets of others that must be read again, kept under a key that is made from SECRET_KEY."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class SealError(Exception):
    """The secret was sealed under another SECRET_KEY, or for something else."""


class Seal:
    """Seals a secret for one owner (`whose`): copied to another's row it opens nothing."""

    def __init__(self, secret_key: bytes) -> None:
        key = HKDF(SHA256(), 32, None, b"comewatch sealed secrets").derive(secret_key)
        self._cipher = AESGCM(key)

    def close(self, secret: str, whose: bytes) -> bytes:
        """The secret, sealed."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), whose)

    def open(self, sealed: bytes, whose: bytes) -> str:
        """The secret; SealError when it was not sealed here and for this owner."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], whose).decode()
        except InvalidTag:
            raise SealError from None
