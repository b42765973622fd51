"""Nothing is served unless it says to whom."""

from __future__ import annotations

import pytest
from flask import Flask

from service.api import errors, guard
from service.api.smorest import Blueprint
from service.api.terms import Policy, Terms, terms_of
from tests.builders import Caller, services_of

BY_LEAVE = {
    "/v1/digest/unsubscribe/<string(maxlength=256):token>",
    "/v1/calendar/<string(maxlength=128):token>.ics",
    "/v1/play/<string(maxlength=256):token>/<string(maxlength=64):name>",
    "/v1/u/<string(maxlength=256):token>/s3/params",
    "/v1/u/<string(maxlength=256):token>/s3/multipart",
    "/v1/u/<string(maxlength=256):token>/s3/multipart/<string(maxlength=1024):upload_id>",
    "/v1/u/<string(maxlength=256):token>/s3/multipart/<string(maxlength=1024):upload_id>/complete",
    "/v1/u/<string(maxlength=256):token>/s3/multipart/<string(maxlength=1024):upload_id>/<int:number>",
}
"""Their address is the leave."""
OAUTH = {
    "/oauth/authorize",
    "/oauth/sign-in",
    "/oauth/sign-out",
    "/oauth/device",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/device_authorization",
}
"""Apps prove who they are in the request, people by the cookie of our pages."""
PUBLIC = (
    BY_LEAVE
    | OAUTH
    | {
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
        "/oauth/jwks",
        "/health",
        "/problems",
        "/problems/<slug>",
        "/v1/sign-in/code",
        "/v1/sign-in/link",
        "/v1/sign-in/link/open",
        "/v1/sign-in/oidc",
        "/v1/sign-in/oidc/<uuid:provider_id>/callback",
        "/v1/sign-in/oidc/<uuid:provider_id>/start",
        "/v1/sign-in/passkey",
        "/v1/sign-in/passkey/options",
        "/v1/sign-in/providers",
        "/v1/sign-in/refresh",
        "/v1/sync/schema/native",
        "/v1/sync/schema/rxdb",
        "/v1/sync/schema/watermelon",
        "/v1/openapi.json",
        "/v1/docs/",
        "/v1/docs/start.js",
        "/v1/docs/<name>",
    }
)
SECRET = (
    BY_LEAVE
    | OAUTH
    | {
        "/v1/admin/apps",
        "/v1/calendar-link",
        "/v1/me/export",
        "/v1/media/<media_id>/uppy",
        "/v1/sign-in/code",
        "/v1/sign-in/link/open",
        "/v1/sign-in/oidc",
        "/v1/sign-in/oidc/<uuid:provider_id>/callback",
        "/v1/sign-in/oidc/<uuid:provider_id>/start",
        "/v1/me/passkeys/options",
        "/v1/sign-in/passkey",
        "/v1/sign-in/passkey/options",
        "/v1/sign-in/refresh",
        "/v1/sync/stream",
        "/v1/sync/wait",
        "/v1/webhooks",
        "/v1/webhooks/<uuid:webhook_id>/rotate-secret",
    }
)


def terms(app: Flask) -> dict[str, Terms | None]:
    return {rule.rule: terms_of(app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()}


def test_every_endpoint_declares_its_policy(app: Flask) -> None:
    assert [rule for rule, declared in terms(app).items() if declared is None] == []
    assert len(terms(app)) > 70


def test_what_is_public_is_listed_here(app: Flask) -> None:
    assert {rule for rule, it in terms(app).items() if it and it.policy is Policy.PUBLIC} == PUBLIC
    views = ((rule.rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules())
    assert {rule for rule, view in views if (it := terms_of(view)) and it.secret} == SECRET
    rules = [(rule.rule, terms_of(app.view_functions[rule.endpoint])) for rule in app.url_map.iter_rules()]
    assert {rule for rule, it in rules if it and it.secret} == SECRET


def test_an_endpoint_without_a_policy_is_not_served(app: Flask) -> None:
    bare = Flask("bare", static_folder=None)
    bare.add_url_rule("/open", view_func=lambda: "open")
    assert bare.test_client().get("/open").text == "open"
    bare = Flask("bare", static_folder=None)
    bare.add_url_rule("/open", view_func=lambda: "open")
    services_of(app).serve(bare)
    guard.register(bare)
    errors.register(bare)
    assert bare.test_client().get("/open").status_code == 404


def test_a_route_cannot_leave_its_policy_out() -> None:
    blueprint = Blueprint("forgetful", __name__)
    with pytest.raises(TypeError, match="policy"):
        blueprint.route("/open")  # type: ignore[call-arg]  # what is shown


def test_what_is_not_there_is_a_problem_too(nobody: Caller) -> None:
    missing = nobody.get("/v1/nothing-here")
    assert (missing.status_code, missing.json["type"]) == (404, "/problems/not-found")
