"""Signatures as Standard Webhooks has them: over id, moment and body, one for each secret that is good."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from standardwebhooks import Webhook

_PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A secret as its receiver is told it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(message_id: str, now: datetime, body: bytes, good: Iterable[str]) -> Mapping[str, str]:
    """What is sent beside the body."""
    signatures = [Webhook(secret).sign(message_id, now, body.decode()) for secret in good]
    return {
        "Content-Type": "application/json",
        "User-Agent": "ComeWatch-Webhooks",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
