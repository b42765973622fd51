"""An authority of certificates, as a school may run one for its own servers."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


class Authority:
    """Vouches for servers; `file` holds its own certificate."""

    def __init__(self, place: Path, name: str = "North district") -> None:
        self._place, self._name = place, _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.BasicConstraints(ca=True, path_length=0)
        made = self._begun(self._name, self._key).add_extension(usage, critical=True)
        self.file = place / "authority.pem"
        self.file.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))

    def server(self, address: str) -> ssl.SSLContext:
        """What a server at this address shows whoever asks."""
        key, where = ec.generate_private_key(ec.SECP256R1()), self._place / f"{address}.pem"
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        made = self._begun(_named(address), key).add_extension(names, critical=False)
        signed = made.sign(self._key, SHA256()).public_bytes(Encoding.PEM)
        where.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(where)
        return context

    def _begun(self, whose: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=whose,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(minutes=1),
            not_valid_after=now + timedelta(hours=1),
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
