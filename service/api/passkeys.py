"""Signing in with a passkey."""

from __future__ import annotations

from typing import Any

from schemas.accounts import TokensSchema
from schemas.problems import Problem
from schemas.sign_in import PasskeyOptionsSchema, ShownPasskeySchema
from service.accounts.sessions import Pair
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy

blueprint = Blueprint(
    "passkeys", __name__, url_prefix="/v1/sign-in/passkey", description="Signing in with a passkey"
)


@blueprint.route("/options", methods=("POST",), policy=Policy.PUBLIC, secret=True, sign_in=True)
@blueprint.gives(200, PasskeyOptionsSchema)
def challenge_passkey() -> dict[str, Any]:
    """What any device needs to sign in with a passkey; nobody says who she is."""
    return services().passkeys.challenge()


@blueprint.route("", methods=("POST",), policy=Policy.PUBLIC, secret=True, sign_in=True)
@blueprint.takes(ShownPasskeySchema)
@blueprint.gives(200, TokensSchema)
@blueprint.refuses(Problem.SIGN_IN_FAILED)
def sign_in_by_passkey(said: dict[str, Any]) -> Pair:
    """Open a session with a passkey's answer to a challenge."""
    using, device = services(), (said["device_id"], said["device_name"])
    return using.passkeys.open(using.tokens, said["credential"], device, using.limits.demand_attempt)
