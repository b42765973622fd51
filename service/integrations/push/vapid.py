"""Our key towards push services (VAPID, RFC 8292): browsers take messages from its holder alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc import jwt
from joserfc.jwk import ECKey

from service.settings import Settings

LASTS = timedelta(hours=12)
_PURPOSE = b"comewatch vapid"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class Vapid:
    """Signs for one push service after another. `contact`: whom its operator may write to."""

    key: ec.EllipticCurvePrivateKey
    contact: str

    @property
    def public(self) -> str:
        """What a browser is given as `applicationServerKey`."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).decode().rstrip("=")

    def header(self, endpoint: str, now: datetime) -> str:
        """The Authorization for a message to this address."""
        where = urlsplit(endpoint)
        says = {"aud": f"{where.scheme}://{where.netloc}", "exp": int((now + LASTS).timestamp())}
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        said = {"alg": "ES256", "typ": "JWT"}
        token = jwt.encode(said, says | {"sub": self.contact}, ECKey.import_key(pem))
        return f"vapid t={token}, k={self.public}"


def vapid(settings: Settings) -> Vapid:
    """The key of the settings, or one that follows from TOKEN_KEY."""
    return Vapid(_key(settings.vapid_key, settings.token_key), settings.public_url)


def _key(pem: str | None, token_key: str) -> ec.EllipticCurvePrivateKey:
    if pem is None:
        drawn = hmac.digest(token_key.encode(), _PURPOSE, hashlib.sha512)  # 512 bits: no number is likelier
        return ec.derive_private_key(1 + int.from_bytes(drawn) % (_ORDER - 1), ec.SECP256R1())
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # as the settings have it
    return key
