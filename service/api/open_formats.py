"""The notes of a visit in open formats, out and in: WebVTT for players, Web Annotations for anybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from flask import Response, request

from observation_tools.errors import CraftError
from observation_tools.web_annotation import read_annotations
from observation_tools.webvtt import read_notes
from schemas.fields import Choice
from schemas.problems import Problem, Refused
from schemas.sync import Message
from service.api import hardened, importing, reading
from service.api.importing import ALREADY_TAKEN, ImportedSchema
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.api.visits import names_of, notes_of, opened
from service.insights import timelines
from service.records import KINDS

Read = TypeVar("Read")
WEBVTT, JSON_LD = "text/vtt", "application/ld+json"
IMPORT_LIMIT = 8 * 2**20
"""Bytes of a file of notes: 500 of them with all that they may say in most scripts."""
_PROFILE = f'{JSON_LD}; profile="http://www.w3.org/ns/anno.jsonld"'
_TEXT, _DOCUMENT = {"type": "string"}, {"type": "object"}
ANNOTATIONS = {
    "required": True,
    "content": {JSON_LD: {"schema": _DOCUMENT}, hardened.JSON: {"schema": _DOCUMENT}},
}
_REFUSED = (
    Problem.NOT_FOUND,
    Problem.NOT_ALLOWED,
    Problem.NEXT_STEPS_NOT_ASKED,
    Problem.INVALID_REQUEST,
    Problem.UNSUPPORTED_MEDIA_TYPE,
    Problem.TOO_LARGE,
)

blueprint = Blueprint(
    "visit-formats",
    __name__,
    url_prefix="/v1/visits/<string(maxlength=64):visit_id>",
    description="Notes of a visit in open formats.",
)


class TrackQuerySchema(Message):
    """What the track is for: notes to be read, all that they are for programs, or chapters out of codes."""

    kind = Choice(*timelines.KINDS_OF_TRACK, load_default="notes")


@blueprint.route(
    "/notes.vtt", policy=Policy.SIGNED_IN, name="notes_as_webvtt", scopes=("notes:read", "notes:write")
)
@blueprint.gives(200, _TEXT, content_type=WEBVTT)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def notes_vtt(work: Work, visit_id: str) -> Response:
    """The notes that you may see, as a text track for a video of the lesson: the track of kind `notes`."""
    return _track(work, visit_id, "notes")


@blueprint.route(
    "/track.vtt", policy=Policy.SIGNED_IN, name="visit_track", scopes=("notes:read", "notes:write")
)
@blueprint.takes(TrackQuerySchema, location="query")
@blueprint.gives(200, _TEXT, content_type=WEBVTT)
@blueprint.refuses(Problem.NOT_FOUND, Problem.INVALID_REQUEST)
@in_transaction
def track(work: Work, asked: dict[str, Any], visit_id: str) -> Response:
    """The notes that you may see, as a text track of this kind; one of kind `metadata` can be imported without loss."""
    return _track(work, visit_id, asked["kind"])


@blueprint.route(
    "/track",
    methods=("POST",),
    policy=Policy.SIGNED_IN,
    body_limit=IMPORT_LIMIT,
    name="import_track",
    scopes=("notes:write",),
)
@blueprint.says(requestBody={"required": True, "content": {WEBVTT: {"schema": _TEXT}}})
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(201, ImportedSchema)
@blueprint.may_give(200, ImportedSchema, ALREADY_TAKEN)
@blueprint.refuses(*_REFUSED)
def import_track(visit_id: str) -> Response:
    """Observer: take the notes of a WebVTT file, metadata or captions, as drafts of your own; all of them or none."""
    return importing.take(visit_id, read_with(read_notes, hardened.read_text(request, WEBVTT)))


@blueprint.route("/annotations", policy=Policy.SIGNED_IN, scopes=("notes:read", "notes:write"))
@blueprint.gives(200, _DOCUMENT, content_type=JSON_LD)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def visit_annotations(work: Work, visit_id: str) -> Response:
    """The notes that you may see, as Web Annotations."""
    reading.demand(work, KINDS["visits"], visit_id)
    notes = notes_of(work, visit_id)
    opened(work, notes)
    source = f"urn:comewatch:visit:{visit_id}"
    return annotated(timelines.annotation_collection(source, notes, names_of(work, notes)))


@blueprint.route(
    "/annotations",
    methods=("POST",),
    policy=Policy.SIGNED_IN,
    body_limit=IMPORT_LIMIT,
    name="import_annotations",
    scopes=("notes:write",),
)
@blueprint.says(requestBody=ANNOTATIONS)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(201, ImportedSchema)
@blueprint.may_give(200, ImportedSchema, ALREADY_TAKEN)
@blueprint.refuses(*_REFUSED, Problem.INVALID_JSON)
def import_annotations(visit_id: str) -> Response:
    """Observer: take Web Annotations, a page or a collection of them, as drafts of your own; all of them or none."""
    return importing.take(visit_id, read_with(read_annotations, hardened.read(request, JSON_LD)))


def annotated(document: dict[str, Any]) -> Response:
    """A document of annotations as an answer."""
    return Response(orjson.dumps(document), content_type=_PROFILE)


def read_with(read: Callable[[Any], Read], said: Any) -> Read:
    """What a reader of the craft makes of a file; its fault is a refusal that names the place."""
    try:
        return read(said)
    except CraftError as error:
        told = f"{error.what}; {error.remedy}" if error.remedy else error.what
        raise Refused(Problem.INVALID_REQUEST, errors={error.where: [told]}) from None


def _track(work: Work, visit_id: str, kind: str) -> Response:
    visit = reading.record(work, KINDS["visits"], visit_id)
    notes = timelines.KINDS_OF_TRACK[kind](notes_of(work, visit_id))
    opened(work, notes)
    text = timelines.track(kind, notes, names_of(work, notes), timelines.length_ms(visit))
    return Response(text, mimetype=WEBVTT)
