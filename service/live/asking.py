"""Who asks, and from where on: read from a request without asking the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from marshmallow import ValidationError

from schemas.live import LiveQuerySchema
from schemas.problems import Problem, Refused
from service.accounts.tokens import Claims, Tokens


@dataclass(frozen=True, slots=True)
class Asking:
    """What the token says, the last number that was heard of (None: none), and for how long to wait."""

    claims: Claims
    seq: int | None
    timeout: float


def read(tokens: Tokens, query: bytes, headers: Mapping[bytes, bytes], words: LiveQuerySchema) -> Asking:
    """The request as these words have it; Refused for faults, and without a token that is still good."""
    said = _query(query, words)
    seq = _last_event(headers) if said["seq"] is None else said["seq"]
    return Asking(_claims(tokens, headers, said.get("ticket")), seq, said.get("timeout", 0))


def _query(query: bytes, words: LiveQuerySchema) -> dict[str, Any]:
    values = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    twice = [name for name, found in values.items() if len(found) > 1]
    if twice:
        raise Refused(Problem.MALFORMED_REQUEST, "A query parameter stands there twice.")
    try:
        said: dict[str, Any] = words.load({name: found[0] for name, found in values.items()})
    except ValidationError as fault:
        errors = {f"?{name}": messages for name, messages in fault.messages_dict.items()}
        raise Refused(Problem.INVALID_REQUEST, errors=errors) from None
    return said


def _last_event(headers: Mapping[bytes, bytes]) -> int | None:
    """The id of the last event, which a browser sends of its own accord when it comes back."""
    last = headers.get(b"last-event-id", b"")
    return int(last) if last.isdigit() and len(last) < 19 else None


def _claims(tokens: Tokens, headers: Mapping[bytes, bytes], ticket: str | None) -> Claims:
    """Who asks, as the API reads it; where the API sent the client here, a ticket says it."""
    if ticket is not None:
        return tokens.read_ticket(ticket)
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(Problem.SIGN_IN_REQUIRED)
    claims = tokens.read_access(token.strip())
    if headers.get(b"x-device-id", claims.device_id.encode()).decode("latin-1") != claims.device_id:
        raise Refused(Problem.WRONG_DEVICE, "The token was given to another device than X-Device-Id names.")
    return claims
