"""A school's own sign-in: which there is, out to it in the browser, back, and the one-time code for tokens."""

from __future__ import annotations

import secrets
from html import escape
from typing import Any
from uuid import UUID

from flask import Response, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from schemas.accounts import TokensSchema
from schemas.problems import Problem, Refused
from schemas.sign_in import (
    AddressSchema,
    CallbackSchema,
    KnownProvidersSchema,
    OpeningCodeSchema,
    StartSchema,
)
from service.accounts.directory import DirectoryError
from service.accounts.oidc import providers
from service.accounts.oidc.attempt import Asked, Landing
from service.accounts.one_time import Purpose
from service.accounts.sessions import Pair
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy

blueprint = Blueprint(
    "school-sign-in", __name__, url_prefix="/v1/sign-in", description="Signing in with a school's account"
)
COOKIE = "__Host-comewatch-sign-in"
"""Ties the answer of a school's provider to the browser that was sent there."""


@blueprint.route("/providers", methods=("POST",), policy=Policy.PUBLIC, sign_in=True)
@blueprint.takes(AddressSchema)
@blueprint.gives(200, KnownProvidersSchema)
def find_providers(said: dict[str, Any]) -> dict[str, Any]:
    """Which schools' sign-ins are there for addresses of this domain; nothing is told of the address itself."""
    with services().database.begin_reference() as connection:
        try:
            return {"items": providers.of_address(connection, said["address"])}
        except DirectoryError as error:
            raise Refused(Problem.INVALID_REQUEST, errors={"/address": [str(error)]}) from None


@blueprint.route(
    "/oidc/<uuid:provider_id>/start",
    policy=Policy.PUBLIC,
    secret=True,
    sign_in=True,
    name="start_school_sign_in",
)
@blueprint.takes(StartSchema, location="query")
@blueprint.may_give(302, None, "Goes on at the school's provider.")
@blueprint.refuses(Problem.NOT_FOUND, Problem.PROVIDER_AWAY)
def start(said: dict[str, Any], provider_id: UUID) -> AnyResponse:
    """Open this address in the system's browser to sign in at the school.

    It ends at `return_to` with a `code`, or an `error`; trade the code at /v1/sign-in/oidc within two minutes.
    """
    browser = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    asked = Asked(**(said | {"linking": said["linking"] == "true"}))
    response = redirect(services().attempts.begin(provider_id, asked, browser))
    lasts = int(Purpose.AT_THE_SCHOOL.lasts.total_seconds())
    response.set_cookie(COOKIE, browser, max_age=lasts, secure=True, httponly=True, samesite="Lax", path="/")
    return response


@blueprint.route(
    "/oidc/<uuid:provider_id>/callback",
    policy=Policy.PUBLIC,
    secret=True,
    sign_in=True,
    name="end_school_sign_in",
)
@blueprint.takes(CallbackSchema, location="query")
@blueprint.may_give(302, None, "Goes on in the app.")
@blueprint.refuses(Problem.SIGN_IN_FAILED)
def callback(said: dict[str, Any], provider_id: UUID) -> AnyResponse:
    """Where the school's provider sends the browser back to. Not for apps."""
    using, browser = services(), request.cookies.get(COOKIE, "")
    landing = using.attempts.finish(provider_id, said, browser, using.limits.demand_attempt)
    if landing.address is not None:
        return redirect(landing.address)
    return _page(landing)


@blueprint.route(
    "/oidc", methods=("POST",), policy=Policy.PUBLIC, secret=True, sign_in=True, name="sign_in_from_school"
)
@blueprint.takes(OpeningCodeSchema)
@blueprint.gives(200, TokensSchema)
@blueprint.refuses(Problem.CODE_NOT_VALID)
def open_session(said: dict[str, Any]) -> Pair:
    """Open a session with the code at which the browser ended, on the device that opened it. A code works once."""
    services().limits.demand_attempt(said["code"])
    shown = (said["code"], said["code_verifier"], said["device_id"])
    return services().attempts.open(services().tokens, *shown)


def _page(landing: Landing) -> Response:
    """What a person reads whose app has no address of its own."""
    if landing.refusal:
        about = landing.refusal.problem.value
        title, status = about.title, about.status
        text = escape(f"{landing.refusal.detail} {about.what_to_do}")
    else:
        title, status = "Your code", 200
        text = (
            f"<code>{escape(landing.code or '')}</code></p><p>Type it where you asked to sign in, within two minutes. "
            "If you did not ask, close this page: whoever asks you for this code wants to use your account."
        )
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>'
    return Response(page, status, mimetype="text/html")
