"""Ending the digest from the mail itself: its address is the leave, and does nothing else."""

from __future__ import annotations

from flask import Response

from schemas.problems import Problem, Refused
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.integrations import preferences
from service.integrations.digest import unsubscribe
from service.integrations.digest.words import WORDS

blueprint = Blueprint(
    "digest", __name__, url_prefix="/v1/digest", description="Ending the digest from a mail."
)
_TOKEN = "/unsubscribe/<string(maxlength=256):token>"  # noqa: S105  # a place, no secret
_SAID = {"200": {"description": "A page for people.", "content": {"text/html": {}}}}
_PAGE = (
    '<!doctype html>\n<html lang="{language}"><meta charset="utf-8"><title>Come Watch</title>{body}</html>\n'
)


@blueprint.route(_TOKEN, policy=Policy.PUBLIC, secret=True)
@blueprint.says(responses=_SAID)
@blueprint.refuses(Problem.NOT_FOUND)
def ask_to_end_digest(token: str) -> Response:
    """A page with a button: a mail scanner that looks at the address ends nothing."""
    language = _hers(token)["language"]
    return _page(language, f'<form method="post"><button>{WORDS[language]["stop"]}</button></form>')


@blueprint.route(_TOKEN, methods=("POST",), policy=Policy.PUBLIC, secret=True)
@blueprint.says(responses=_SAID)
@blueprint.refuses(Problem.NOT_FOUND)
def end_digest(token: str) -> Response:
    """No more digests (RFC 8058, one click)."""
    language = _hers(token, ends=True)["language"]
    return _page(language, f"<p>{WORDS[language]['stopped']}</p>")


def _hers(token: str, *, ends: bool = False) -> dict[str, str]:
    whose = unsubscribe.whose(services().settings.secret_key, token)
    if whose is None:
        raise Refused(Problem.NOT_FOUND)
    with services().database.begin(whose[0]) as connection:
        if ends:
            preferences.write(connection, *whose, {"digest": False})
        return preferences.read(connection, *whose)


def _page(language: str, body: str) -> Response:
    return Response(_PAGE.format(language=language, body=body), mimetype="text/html")
