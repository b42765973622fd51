"""Signing in by a link in a mail."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.accounts import TokensSchema
from schemas.problems import Problem, Refused
from schemas.sign_in import LinkAskedSchema, LinkShownSchema
from service.accounts import magic_links
from service.accounts.directory import DirectoryError, normal
from service.accounts.sessions import Pair
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy

blueprint = Blueprint(
    "magic-links", __name__, url_prefix="/v1/sign-in/link", description="Signing in by a link in a mail"
)
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Come Watch</title><h1>Sign in with the app</h1>
<p>This link works in the app that asked for it. If it did not open there, copy the whole address of this page into it.</p>
</html>
"""


@blueprint.route("", methods=("POST",), policy=Policy.PUBLIC, sign_in=True)
@blueprint.takes(LinkAskedSchema)
@blueprint.gives(204)
def ask_for_link(said: dict[str, Any]) -> None:
    """Have a link sent, if the address is somebody's here: the answer and its time do not say.

    The device keeps the code_verifier: without it the link opens nothing.
    """
    try:
        address = normal(said["address"])
    except DirectoryError as error:
        raise Refused(Problem.INVALID_REQUEST, errors={"/address": [str(error)]}) from None
    services().limits.demand_attempt(address)
    device = (said["device_id"], said["device_name"])
    with services().database.begin_reference() as connection:
        magic_links.ask(connection, address, device, said["code_challenge"], services().now())


@blueprint.route("", policy=Policy.PUBLIC)
@blueprint.says(responses={"200": {"description": "A page for people.", "content": {"text/html": {}}}})
def explain_link() -> Response:
    """What a browser shows that is sent to a link: looking at it spends nothing."""
    return Response(_PAGE, mimetype="text/html")


@blueprint.route("/open", methods=("POST",), policy=Policy.PUBLIC, secret=True, sign_in=True)
@blueprint.takes(LinkShownSchema)
@blueprint.gives(200, TokensSchema)
@blueprint.refuses(Problem.CODE_NOT_VALID)
def sign_in_by_link(said: dict[str, Any]) -> Pair:
    """Open a session with a link, once, on the device that asked for it."""
    services().limits.demand_attempt(said["token"])
    shown = (said["token"], said["code_verifier"], said["device_id"])
    return magic_links.open_session(services().database, services().tokens, *shown, services().now)
