"""From the bearer token to what it says; whether it still holds is asked by `transaction`."""

from __future__ import annotations

from flask import Request

from schemas.problems import Problem, Refused
from service.accounts.tokens import Claims
from service.api.services import services

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
