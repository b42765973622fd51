"""A passkey in software: what a phone's own authenticator does, and what a thief's would."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Authenticator:
    """One passkey. `origin` is the page that it believes to be on; `flags` what it says of the person."""

    origin: str = "http://127.0.0.1:8080"
    host: str = "127.0.0.1"
    count: int = 0
    flags: int = PRESENT | VERIFIED
    more: dict[str, Any] = field(default_factory=dict)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What navigator.credentials.create() gives."""
        asked = options["publicKey"]
        self.handle = base64.urlsafe_b64decode(asked["user"]["id"] + "==")
        data = self._data(ATTESTED) + bytes(16) + struct.pack(">H", len(self.id)) + self.id + self._public()
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        said = self._said("webauthn.create", asked["challenge"])
        return self._credential({"clientDataJSON": coded(said), "attestationObject": coded(attested)})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """What navigator.credentials.get() gives."""
        data = self._data()
        said = self._said("webauthn.get", options["publicKey"]["challenge"])
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._credential(
            {
                "clientDataJSON": coded(said),
                "authenticatorData": coded(data),
                "signature": coded(signature),
                "userHandle": coded(self.handle),
            }
        )

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        named = {"id": coded(self.id), "rawId": coded(self.id), "type": "public-key"}
        return named | {"response": response, "clientExtensionResults": {}}

    def _said(self, type_: str, challenge: str) -> bytes:
        said = {"type": type_, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | self.more).encode()

    def _data(self, flags: int = 0) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(
            ">BI", self.flags | flags, self.count
        )

    def _public(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
