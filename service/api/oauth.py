"""The authorization server's doors for apps: tokens, and what is published about them. People's pages are `consent`.

They answer in the words of OAuth's own documents (RFC 6749 and after), not in problems.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Blueprint, Flask, Request, Response, request

from service.accounts.apps.clients import METHODS
from service.accounts.apps.requests import Answer, Asked
from service.accounts.apps.scopes import SCOPES
from service.accounts.apps.server import Servers
from service.api.errors import RESOURCE_METADATA
from service.api.guard import open_to_all
from service.api.services import services

FORM = "application/x-www-form-urlencoded"
GRANTS = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
)
LONGEST = 4096
"""Characters of a parameter."""


def register(app: Flask) -> None:
    """Serve them."""
    doors = Blueprint("oauth", __name__)
    for rule, view in {"/oauth/token": token, **_ENDPOINTS}.items():
        doors.add_url_rule(rule, view_func=view, methods=["POST"])
    open_to_all(app, doors, secret=True, sign_in=True)
    facts = Blueprint("oauth-facts", __name__)
    for rule, view in {
        "/.well-known/oauth-authorization-server": metadata,
        RESOURCE_METADATA: resource,
        "/oauth/jwks": keys,
    }.items():
        facts.add_url_rule(rule, view_func=view)
    open_to_all(app, facts)


def servers() -> Servers:
    """The authorization server of the app that answers this request."""
    using = services()
    return Servers(using.database, using.tokens, using.settings.public_url, using.now)


def token() -> Response:
    """Tokens."""
    return _answered(servers().token)


def revoke() -> Response:
    """Give a token back (RFC 7009)."""
    return _answered(lambda asked: servers().endpoint("revocation", asked))


def introspect() -> Response:
    """Ask about a token of one's own (RFC 7662)."""
    return _answered(lambda asked: servers().endpoint("introspection", asked))


def device_authorization() -> Response:
    """The codes of a device without a browser (RFC 8628)."""
    return _answered(lambda asked: servers().endpoint("device_authorization", asked))


def metadata() -> Response:
    """What there is here, for clients that configure themselves (RFC 8414)."""
    base = services().settings.public_url.rstrip("/")
    return _json(
        {
            "issuer": services().settings.public_url,
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "jwks_uri": f"{base}/oauth/jwks",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "introspection_endpoint": f"{base}/oauth/introspect",
            "device_authorization_endpoint": f"{base}/oauth/device_authorization",
            "scopes_supported": sorted(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(GRANTS),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": METHODS,
            "revocation_endpoint_auth_methods_supported": METHODS,
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
            "ui_locales_supported": ["en", "es"],
            "service_documentation": f"{base}/v1/docs/",
        }
    )


def resource() -> Response:
    """Where to get tokens for this API (RFC 9728)."""
    base = services().settings.public_url
    return _json(
        {
            "resource": base,
            "authorization_servers": [base],
            "jwks_uri": f"{base.rstrip('/')}/oauth/jwks",
            "scopes_supported": sorted(SCOPES),
            "bearer_methods_supported": ["header"],
            "resource_name": "Come Watch",
        }
    )


def keys() -> Response:
    """The public keys that prove our access tokens."""
    return _json(services().tokens.public_keys())


def asked(said: Mapping[str, str], address: Request) -> Asked:
    """A request of an app, or of a browser on its way from one, in the words of the server."""
    where = f"{services().settings.public_url.rstrip('/')}{address.path}"
    return Asked(address.method, where, dict(address.headers), said)


def responded(answer: Answer) -> Response:
    """The server's answer as one of ours."""
    body = answer.body if isinstance(answer.body, str) else orjson.dumps(answer.body)
    return Response(body, answer.status, list(answer.headers))


def read_form(sent: Request) -> dict[str, str] | str:
    """The parameters in the body, each once; or what is wrong with them."""
    if sent.mimetype != FORM:
        return f"Send the parameters as {FORM} in the body."
    if sent.query_string:
        return "Parameters stand in the body, not in the address."
    for name, values in sent.form.lists():
        if len(values) > 1:
            return "A parameter stands there twice."
        if "\0" in values[0] or "\0" in name or "\ufffd" in values[0] or len(values[0]) > LONGEST:
            return "A parameter is no text, or too long."
    return sent.form.to_dict()


def _answered(work: Callable[[Asked], Answer]) -> Response:
    said = read_form(request)
    if isinstance(said, str):
        return _json({"error": "invalid_request", "error_description": said}, 400)
    if "code" in said:  # a refresh token may come again and again, where its answers are lost
        services().limits.demand_attempt(said["code"])
    return responded(work(asked(said, request)))


def _json(said: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(said), status, mimetype="application/json")


_ENDPOINTS = {
    "/oauth/revoke": revoke,
    "/oauth/introspect": introspect,
    "/oauth/device_authorization": device_authorization,
}
