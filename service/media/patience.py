"""How long the object store is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.config import Config


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call may take, in seconds. The API is short with the store; the worker has time."""

    connect: float = 1
    read: float = 5
    attempts: int = 1


API = Patience()
WORKER = Patience(connect=2, read=30, attempts=3)


def config_of(patience: Patience) -> Config:
    """The same in the words of the library, with what makes it work with every store of this kind."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        # not every store of this kind knows the checksums that newer clients add by themselves
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=patience.connect,
        read_timeout=patience.read,
        retries={"total_max_attempts": patience.attempts, "mode": "standard"},
        max_pool_connections=32,
    )
