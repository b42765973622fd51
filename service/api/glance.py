"""A phone with nothing new: told so in one round trip, before any transaction is begun for it.

It is what phones ask most, all day long. So the native pull is looked at in front of Flask (`Glance`), which answers it as
the view would, to the byte; whatever is not quite plain goes on to the view. Clients of RxDB ask `nothing_new` in theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Flask, g

from schemas.problems import Refused
from schemas.sync import LARGEST_PAGE
from service.accounts import admission
from service.accounts.tokens import Claims
from service.api import hardened, headers
from service.api.authenticate import DEVICE_ID
from service.api.devices import device_time, is_noted, read_time
from service.api.limits import COUNTED
from service.api.services import EXTENSION, Services, services
from service.api.smorest import DEVICE_TIME
from service.api.sync import page_text
from service.records import KINDS
from sync.cursor import Cursor, decode
from sync.server import feed
from sync.server.feed import Page

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PULL = "/v1/sync/pull"
LONGEST_QUESTION = 4096
"""Bytes of a body that is read ahead of the app."""
_PLAIN = {"REQUEST_METHOD": "POST", "PATH_INFO": PULL, "QUERY_STRING": "", "CONTENT_TYPE": "application/json"}
_ASKED = {"cursor", "collections", "limit"}


class Glance:
    """The WSGI application in front of the app."""

    def __init__(self, app: Flask) -> None:
        self._flask = app
        self._app: WSGIApplication = app.wsgi_app

    @property
    def _services(self) -> Services:
        found = self._flask.extensions[EXTENSION]
        assert isinstance(found, Services)
        return found

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """The answer of a phone with nothing new, or the app's."""
        if all(environ.get(name, "") == value for name, value in _PLAIN.items()):
            at_rest = self._looked(environ)
            if at_rest is not None:
                body = page_text(Page((), at_rest, more=False))
                start("200 OK", headers.of_json(len(body), self._services.now(), environ[COUNTED]))
                return (body,)
        return self._app(environ, start)

    def _looked(self, environ: WSGIEnvironment) -> Cursor | None:
        said = _read_ahead(environ)
        try:
            asked = _asked(hardened.parse(said)) if said else None
            claims = self._claims(environ) if asked else None
        except (Refused, ValueError):
            return None  # the app says what is wrong
        if asked is None or claims is None:
            return None
        allowance = self._services.limits.of(environ, claims)
        if allowance is not None and allowance.is_used_up:
            return None  # which the app says
        clock = read_time(environ.get(_header(DEVICE_TIME.name)))
        return _rests(self._services, claims, clock, *asked)

    def _claims(self, environ: WSGIEnvironment) -> Claims | None:
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme != "Bearer" or "HTTP_CONTENT_ENCODING" in environ:
            return None
        claims = self._services.tokens.read_access(token)
        return claims if environ.get(_header(DEVICE_ID), claims.device_id) == claims.device_id else None


def nothing_new(collections: Sequence[str], cursor: Cursor) -> Cursor | None:
    """Where the reader of this request now stands who has all there is; None when the long way must tell."""
    return _rests(services(), g.claims, device_time(), collections, cursor)


def _rests(
    using: Services, claims: Claims, clock: datetime | None, collections: Sequence[str], cursor: Cursor
) -> Cursor | None:
    """An empty phone, another's app, a session to be confirmed, a device to be noted: all that goes the long way."""
    if (
        claims.client_id is not None
        or not cursor.seq
        or not is_noted(using, claims.tenant_id, claims.device_id, clock)
    ):
        return None
    news = feed.question(claims.tenant_id, claims.person_id, cursor)
    answers = using.database.ask(claims.tenant_id, admission.question(claims, using.now()), news)
    if answers is None or not admission.admits(answers[0], claims):
        return None
    try:
        return feed.resting(answers[1], collections, cursor)
    except Refused:
        return None


def _asked(said: Any) -> tuple[list[str], Cursor] | None:
    """The collections and the cursor of a pull that is plainly good; Refused or ValueError where it may not be."""
    if type(said) is not dict or not said.keys() <= _ASKED or not isinstance(said.get("cursor"), str):
        return None
    names, limit = said.get("collections"), said.get("limit", 1)
    if names is not None and not (type(names) is list and names and all(map(_is_known, names))):
        return None
    if type(limit) is not int or not 1 <= limit <= LARGEST_PAGE:
        return None
    return names or list(KINDS), decode(said["cursor"])


def _is_known(name: Any) -> bool:
    return isinstance(name, str) and name in KINDS


def _read_ahead(environ: WSGIEnvironment) -> bytes:
    """A short body, which the app can read once more; nothing of a longer one."""
    length = environ.get("CONTENT_LENGTH", "")
    if not (length.isascii() and length.isdigit() and int(length) <= LONGEST_QUESTION):
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    return body


def _header(name: str) -> str:
    return f"HTTP_{name.upper().replace('-', '_')}"
