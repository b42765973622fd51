"""Our pages in a person's browser: the cookie that says who she is, where a form may come from, in which language she reads."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlsplit

from flask import Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from schemas.problems import Problem, Refused
from service.accounts.apps import browser
from service.accounts.apps.browser import Browser
from service.api.page_words import WORDS
from service.api.services import services

COOKIE = "__Host-comewatch"
STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#222;background:#fff}"
    "h1{font-size:1.4rem}button{font:inherit;padding:.6rem 1.2rem;margin:.5rem .5rem 0 0;border:1px solid #245;border-radius:.4rem;background:#fff}"
    "button.yes{background:#245;color:#fff}input{font:inherit;padding:.5rem;width:100%;box-sizing:border-box}.faint{color:#555}"
    "ul{padding-left:1.3rem}button,input{min-height:2.9rem}"
    "@media(max-width:30rem){body{margin:1.2rem auto}main form>button{width:100%;margin-right:0}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
LANGUAGES = ("en", "es")


def who() -> Browser | None:
    """Who is signed in in this browser; None when nobody is."""
    using = services()
    said = using.tokens.read_browser(request.cookies.get(COOKIE, ""))
    if said is None:
        return None
    with using.database.begin(said.tenant_id) as connection:
        return browser.who(connection, said.tenant_id, said.session_id, using.now())


def demand_ours() -> None:
    """Refused(NOT_ALLOWED) unless the form that was sent stands on a page of ours."""
    ours = urlsplit(services().settings.public_url)
    if request.headers.get("Origin") != f"{ours.scheme}://{ours.netloc}":
        raise Refused(Problem.NOT_ALLOWED, "This form was sent from another page. Go back and begin again.")


def page(name: str, status: int = 200, leads_to: str = "", **words: object) -> Response:
    """One of our pages, in the reader's language. `leads_to`: an address that its form may end at."""
    language = request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
    text = render_template(name, language=language, words=WORDS[language], style=STYLE, **words)
    response = Response(text, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _policy(leads_to)
    # not "no-referrer" as everywhere: with it a browser hides the Origin of our own forms
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


def keep(response: AnyResponse, said: str) -> AnyResponse:
    """Have the browser keep who is signed in, until it is closed."""
    response.set_cookie(COOKIE, said, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def _policy(leads_to: str) -> str:
    """Nothing but our own style. Where a form ends at an app, browsers ask that its address be named here as well."""
    parts = urlsplit(leads_to)
    web = parts.scheme in ("http", "https")
    beyond = f" {parts.scheme}://{parts.netloc}" if web else f" {parts.scheme}:" if parts.scheme else ""
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        f"form-action 'self'{beyond}; frame-ancestors 'none'"
    )
