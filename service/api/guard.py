"""What is asked of every request before its view: may it be read at all, and who sends it."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from flask import Blueprint, Flask, Request, g, request

from schemas.problems import Problem, Refused
from service.accounts.tokens import Claims
from service.api import authenticate
from service.api.services import services
from service.api.terms import BODY_LIMIT, Policy, Terms, declare, demand_scope, endpoint_terms


def register(app: Flask) -> None:
    """Guard every endpoint of the app, its 404s too."""
    app.before_request(guard)


def open_to_all(app: Flask, pages: Blueprint, *, secret: bool = False, sign_in: bool = False) -> None:
    """Serve a plain blueprint of pages that anybody may read; `secret` and `sign_in` as in its terms."""
    app.register_blueprint(pages)
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith(f"{pages.name}."):
            declare(view, Terms(Policy.PUBLIC, secret=secret, sign_in=sign_in))


def guard() -> None:
    """Bound the request, then deny it unless its endpoint's policy lets the asker in."""
    terms = endpoint_terms()
    request.max_content_length = terms.body_limit if terms else BODY_LIMIT
    asker = _asker(terms)
    claims = asker if isinstance(asker, Claims) else None
    allowance = services().limits.of(request.environ, claims, sign_in=terms is not None and terms.sign_in)
    if allowance is not None:
        allowance.demand()
    bound(request)
    if request.routing_exception is not None:
        return
    if terms is None:
        raise Refused(Problem.NOT_FOUND)
    if isinstance(asker, Refused):
        raise asker
    if claims is not None:
        demand_scope(terms.scopes, claims.scopes)
    if request.args and not terms.query:
        raise Refused(
            Problem.INVALID_REQUEST, errors={f"?{name}": ["Unknown field."] for name in request.args}
        )


def _asker(terms: Terms | None) -> Claims | Refused | None:
    """Who asks where that matters, or what she is told instead; nobody where all may come in."""
    if terms is None or terms.policy is Policy.PUBLIC:
        return None
    try:
        claims = authenticate.bearer(request)
    except Refused as refused:
        return refused
    g.claims = claims
    return claims


def bound(asked: Request) -> None:
    """Refuse what no view should have to think of."""
    if asked.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused(Problem.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding is not taken on requests.")
    if "\ufffd" in asked.path or "\0" in asked.path:
        raise Refused(Problem.MALFORMED_REQUEST, "The path holds what is not text.")
    _bound_query(asked.query_string)


def _bound_query(query: bytes) -> None:
    names = [_text(part.partition(b"=")[0]) for part in query.split(b"&") if part]
    _text(query)
    if len(names) != len(set(names)):
        raise Refused(Problem.MALFORMED_REQUEST, "A query parameter stands there twice.")


def _text(quoted: bytes) -> str:
    try:
        text = unquote_to_bytes(quoted.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise Refused(Problem.MALFORMED_REQUEST, "The query is not UTF-8.") from None
    if "\0" in text:
        raise Refused(Problem.MALFORMED_REQUEST, "The query holds a NUL character.")
    return text
