"""From the bearer token to the actor, in two steps: what the token says, then whether it still holds."""

from __future__ import annotations

from flask import Request
from sqlalchemy import Connection

from schemas.problems import Problem, Refused
from service.accounts.admission import admit
from service.accounts.tokens import Claims
from service.api.services import services
from sync.server.actor import Actor

DEVICE_ID = "X-Device-Id"


def bearer(request: Request) -> Claims:
    """What the request's access token says, without asking the database.

    Refused(SIGN_IN_REQUIRED) without a token of ours that is still good, Refused(WRONG_DEVICE) from another device.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(Problem.SIGN_IN_REQUIRED)
    claims = services().tokens.read_access(token.strip())
    if request.headers.get(DEVICE_ID, claims.device_id) != claims.device_id:
        raise Refused(Problem.WRONG_DEVICE, f"The token was given to another device than {DEVICE_ID} names.")
    return claims


def actor(connection: Connection, claims: Claims) -> Actor:
    """Who acts, inside a transaction of her tenant; Refused(SESSION_ENDED) when her session has ended."""
    return admit(connection, claims, services().now())
