"""Captions of a recording: put there, read, taken away. While the object store is asked, no transaction is open."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import fields

from schemas.fields import Words
from schemas.problems import Problem, Refused
from schemas.sync import Message
from service.api import hardened
from service.api.importing import RepairSchema, told_of
from service.api.media import note_link, shown
from service.api.open_formats import WEBVTT, read_with
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.media import captions, playback
from service.media.record import Media
from service.media.store import AbsentError
from sync.server import sequence

CAPTIONS_LIMIT = 2**20
_TEXT = {"type": "string"}
_REFUSED = (Problem.NOT_FOUND, Problem.INVALID_REQUEST, Problem.UNAVAILABLE)

blueprint = Blueprint(
    "media-captions",
    __name__,
    url_prefix="/v1/media/<string(maxlength=64):media_id>/captions/<string(maxlength=35):language>",
    description="Captions of a recording, by language (BCP 47).",
)


class CaptionsSchema(Message):
    """The languages in which the recording has captions now, and what of the file could not be taken as it stands."""

    captions = fields.List(Words(35), required=True)
    repairs = fields.List(fields.Nested(RepairSchema), required=True)


@blueprint.route(
    "",
    methods=("PUT",),
    policy=Policy.SIGNED_IN,
    body_limit=CAPTIONS_LIMIT,
    name="put_captions",
    scopes=("media:write",),
)
@blueprint.says(requestBody={"required": True, "content": {WEBVTT: {"schema": _TEXT}}})
@blueprint.gives(200, CaptionsSchema)
@blueprint.refuses(*_REFUSED, Problem.NOT_ALLOWED, Problem.UNSUPPORTED_MEDIA_TYPE, Problem.TOO_LARGE)
def put_captions(media_id: str, language: str) -> dict[str, Any]:
    """Host, or who made the recording: put captions in a language there, in place of those that were.

    They are written anew: who speaks, the words and their times stay, and nothing else of the file.
    """
    word = captions.language_of(language)
    media = _writable(media_id)
    captions.demand_room(media, word)
    text, repairs = read_with(captions.written_anew, hardened.read_text(request, WEBVTT))
    store = services().store
    store.put(captions.key(media, word), text.encode(), WEBVTT)
    try:
        listed = _listed(media_id, word)
    except Refused as refusal:
        if refusal.problem is Problem.NOT_FOUND:  # gone meanwhile, and what lay below it too
            store.delete(captions.key(media, word))
        raise
    return {"captions": listed, "repairs": told_of(repairs)}


@blueprint.route("", policy=Policy.SIGNED_IN, name="get_captions", scopes=("media:read", "media:write"))
@blueprint.gives(200, _TEXT, content_type=WEBVTT)
@blueprint.refuses(*_REFUSED)
def get_captions(media_id: str, language: str) -> Response:
    """The captions of a recording that you may see now. Its host sees that you asked."""
    word = captions.language_of(language)
    media = _read(media_id, word)
    try:
        text = b"".join(services().store.read(captions.key(media, word)))
    except AbsentError:
        raise Refused(Problem.NOT_FOUND) from None
    return Response(text, mimetype=WEBVTT)


@blueprint.route(
    "", methods=("DELETE",), policy=Policy.SIGNED_IN, name="delete_captions", scopes=("media:write",)
)
@blueprint.gives(204)
@blueprint.refuses(*_REFUSED, Problem.NOT_ALLOWED)
def delete_captions(media_id: str, language: str) -> None:
    """Host, or who made the recording: take captions away. Saying it again is no fault."""
    word = captions.language_of(language)
    media = _writable(media_id)
    _unlisted(media_id, word)
    services().store.delete(captions.key(media, word))


@in_transaction
def _writable(work: Work, media_id: str) -> Media:
    return _hers(work, media_id)


@in_transaction
def _read(work: Work, media_id: str, language: str) -> Media:
    media = shown(work, media_id)
    if language not in media.captions:
        raise Refused(Problem.NOT_FOUND)
    note_link(work, media)
    return media


@in_transaction
def _listed(work: Work, media_id: str, language: str) -> list[str]:
    media = _held(work, media_id)
    captions.demand_room(media, language)
    return _say(work, media, {*media.captions, language})


@in_transaction
def _unlisted(work: Work, media_id: str, language: str) -> list[str]:
    media = _held(work, media_id)
    return _say(work, media, {*media.captions} - {language})


def _hers(work: Work, media_id: str) -> Media:
    media = shown(work, media_id)
    playback.streams(media)
    captions.demand_hers(work.connection, work.actor, media)
    return media


def _held(work: Work, media_id: str) -> Media:
    """The recording, which nobody else changes until this transaction ends."""
    sequence.lock(work.connection, work.actor.tenant_id)
    return _hers(work, media_id)


def _say(work: Work, media: Media, languages: set[str]) -> list[str]:
    if languages != {*media.captions}:
        captions.list_them(work.connection, work.services.door, media, languages)
    return sorted(languages)
