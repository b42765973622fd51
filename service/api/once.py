"""A request with an Idempotency-Key does its work once: repeated within a day it is given the first answer, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import orjson
from flask import Response, current_app, g, request

from schemas.problems import Problem, Refused
from service.answers import Kept, digest
from service.api.transaction import Work, begun
from service.sealing import KEPT_ANSWERS, Seal

IDEMPOTENCY_KEY = "Idempotency-Key"
View = TypeVar("View", bound=Callable[..., Any])
_KEY = re.compile(r"^[\x21-\x7e]{1,200}\Z")
_OF_THE_ANSWER = ("Content-Type", "ETag", "Location")
"""Headers that the view chose; all others are made anew."""


def once(view: View) -> View:
    """The view, which does its work in the same transaction as its key is claimed in."""

    @wraps(view)
    def within(*args: Any, **options: Any) -> Any:
        key = request.headers.get(IDEMPOTENCY_KEY)
        if key is None:
            return view(*args, **options)
        if not _KEY.match(key):
            raise Refused(Problem.MALFORMED_REQUEST, f"{IDEMPOTENCY_KEY} is 1 to 200 printable characters.")
        with begun() as work:
            kept = _kept(work, key)
            given = kept.claim(_asked(), work.services.now())
            if given is not None:
                return _given(given)
            g.work = work
            try:
                response = current_app.make_response(view(*args, **options))
            finally:
                del g.work
            kept.keep(_said(response))
            return response

    return cast(View, within)


def _kept(work: Work, key: str) -> Kept:
    seal, actor = Seal(work.services.settings.secret_key, KEPT_ANSWERS), work.actor
    return Kept(work.connection, seal, actor.tenant_id, actor.person_id, actor.app_id or "", key)


def _asked() -> str:
    return digest(
        b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data(cache=True)))
    )


def _said(response: Response) -> str:
    headers = {name: response.headers[name] for name in _OF_THE_ANSWER if name in response.headers}
    return orjson.dumps([response.status_code, headers, response.get_data(as_text=True)]).decode()


def _given(said: str) -> Response:
    status, headers, body = orjson.loads(said)
    return Response(body, status, headers)
