"""The pages on which a person signs in, and lets an app act for her or not: plain HTML, without scripts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from service.accounts import sessions
from service.accounts.apps import browser, devices, scopes
from service.accounts.apps.browser import Browser
from service.accounts.apps.clients import Client
from service.accounts.apps.code import ByCode, Person
from service.accounts.apps.requests import Answer
from service.accounts.apps.scopes import SCOPES
from service.accounts.apps.server import Server
from service.accounts.models import session
from service.api import browsers
from service.api.browsers import page
from service.api.guard import open_to_all
from service.api.oauth import asked, responded, servers
from service.api.services import services

AGREED = "yes"


def register(app: Flask) -> None:
    """Serve them."""
    pages = Blueprint("consent", __name__, template_folder="pages")
    pages.add_url_rule("/oauth/authorize", view_func=ask)
    pages.add_url_rule("/oauth/authorize", view_func=answer, methods=["POST"])
    pages.add_url_rule("/oauth/sign-in", view_func=sign_in, methods=["POST"])
    pages.add_url_rule("/oauth/sign-out", view_func=sign_out, methods=["POST"])
    pages.add_url_rule("/oauth/device", view_func=device)
    pages.add_url_rule("/oauth/device", view_func=answer_device, methods=["POST"])
    open_to_all(app, pages, secret=True, sign_in=True)


def ask() -> Response:
    """Ask the person about the app that sent her here."""
    return _authorize(None)


def answer() -> Response:
    """Send her back to the app with what she said."""
    browsers.demand_ours()
    return _authorize(request.form.get("said", ""))


def sign_in() -> AnyResponse:
    """Sign in in this browser with an invitation code, and go on to where one was going."""
    browsers.demand_ours()
    using = services()
    code = request.form.get("code", "")[:100]
    using.limits.demand_attempt(code)
    kept = browser.by_code(using.database, using.tokens, code, using.now)
    if kept is None:
        return _sign_in_page(wrong=True)
    return browsers.keep(_back(), kept)


def sign_out() -> AnyResponse:
    """Sign out in this browser."""
    browsers.demand_ours()
    using, here = services(), browsers.who()
    if here is not None:
        this = session.c.id == here.session_id
        with using.database.begin(here.tenant_id) as connection:
            sessions.end(connection, here.tenant_id, this, sessions.SIGNED_OUT, using.now())
    response = _back()
    response.delete_cookie(browsers.COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def device() -> Response:
    """Ask which device, and then whether."""
    here, user_code = browsers.who(), request.args.get("user_code", "")[:20]
    if here is None:
        return _sign_in_page()
    if not user_code:
        return page("device.html", unknown=False)
    return _for_device(here, user_code, None)


def answer_device() -> Response:
    """Tell the device what she said."""
    browsers.demand_ours()
    here = browsers.who()
    if here is None:
        return _sign_in_page()
    return _for_device(here, request.args.get("user_code", "")[:20], request.form.get("said", ""))


def _authorize(said: str | None) -> Response:
    here, using = browsers.who(), services()
    opened = using.database.begin(here.tenant_id) if here else using.database.begin_reference()
    with opened as connection:
        server = Server(servers().desk(connection, here.tenant_id if here else None))
        grant = server.consent(asked(request.args.to_dict(), request))
        if isinstance(grant, Answer):
            return _faulty(grant)
        if here is None:
            return _sign_in_page()
        if said is not None:
            return responded(_settled(server, grant, here, said))
        return _question(server, grant.request.client, grant.request.scope, here, grant.redirect_uri)


def _settled(server: Server, grant: ByCode, here: Browser, said: str) -> Answer:
    client = grant.request.client
    return server.settle(grant, _agreed(server, client, scopes.read(grant.request.scope), here, said))


def _agreed(server: Server, client: Client, wanted: Iterable[str], here: Browser, said: str) -> Person | None:
    """Who agreed, and to what: never to more than the page showed her, whatever was approved since."""
    shown = scopes.read(request.form.get("shown", ""))
    agreed = shown & server.desk.approved(client.client_id) & frozenset(wanted)
    return Person(here.person_id, agreed) if said == AGREED and agreed else None


def _question(server: Server, client: Client, scope: str, here: Browser, leads_to: str) -> Response:
    """What she is asked; or that her tenant has not approved it."""
    wanted = scopes.read(scope) & server.desk.approved(client.client_id)
    if not wanted:
        return page("not_approved.html", 403, client=client)
    sentences = [SCOPES[name] for name in SCOPES if name in wanted]
    told: dict[str, Any] = {"client": client, "sentences": sentences, "here": here, **_way_on()}
    told["shown"] = scopes.write(wanted)
    return page("consent.html", leads_to=leads_to, place=_place(leads_to), **told)


def _place(leads_to: str) -> str:
    """The app's address as a person knows it; nothing for a device, and for an app on her own."""
    parts = urlsplit(leads_to)
    return parts.hostname or "" if parts.scheme in ("http", "https") else ""


def _for_device(here: Browser, user_code: str, said: str | None) -> Response:
    with services().database.begin(here.tenant_id) as connection:
        server = Server(servers().desk(connection, here.tenant_id))
        row = devices.waiting(server.desk, user_code) if user_code.isprintable() else None
        client = server.query_client(row.client_id) if row else None
        if row is None or client is None:
            return page("device.html", 404, unknown=True)
        if said is None:
            return _question(server, client, scopes.write(row.scopes), here, "")
        person = _agreed(server, client, row.scopes, here, said)
        devices.settle(server.desk, row, person)
        return page("device_done.html", allowed=person is not None)


def _faulty(answered: Answer) -> Response:
    """A request with faults goes back to its app where we know the app's address, and else to nobody."""
    if any(name == "Location" for name, _ in answered.headers):
        return responded(answered)
    body = answered.body if isinstance(answered.body, dict) else {}
    return page("faulty.html", 400, error=body.get("error"), description=body.get("error_description"))


def _sign_in_page(*, wrong: bool = False) -> Response:
    return page("sign_in.html", 401 if wrong else 200, wrong=wrong, **_way_on())


def _way_on() -> dict[str, str]:
    """What a form on the way must bring along."""
    return {"query": _query(), "to": _to()}


def _query() -> str:
    """What the app had asked, as it came: its own address, quoted."""
    parts = request.query_string.decode("ascii", "replace").split("&")
    return "&".join(part for part in parts if part and not part.startswith("to="))


def _to() -> str:
    """Where she was going: one of two places of ours, never an address that somebody wrote."""
    going = request.args.get("to") or request.path
    return "device" if going.endswith("device") else "authorize"


def _back() -> AnyResponse:
    """To where she was going, with what the app had asked."""
    return redirect(f"/oauth/{_to()}?{_query()}", 303)
