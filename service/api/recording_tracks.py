"""The notes of a visit on a recording of it, and the comments on it: tracks that players load, and annotations."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from observation_tools.web_annotation import read_comments
from schemas.fields import Choice
from schemas.problems import Problem
from schemas.sync import Message
from service.api import hardened, importing, reading
from service.api import lesson_on_recording as lesson
from service.api.importing import ALREADY_TAKEN, ImportedCommentsSchema
from service.api.media import shown
from service.api.open_formats import (
    ANNOTATIONS,
    IMPORT_LIMIT,
    JSON_LD,
    WEBVTT,
    annotated,
    read_with,
)
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.api.visits import names_of, notes_of, opened
from service.insights import timelines
from service.media import playback
from service.records import KINDS
from sync.changes import Record

COMMENTS = "comments"
_MEDIA, _COMMENTS = KINDS["media"], KINDS[COMMENTS]

blueprint = Blueprint(
    "media-tracks",
    __name__,
    url_prefix="/v1/media/<string(maxlength=64):media_id>",
    description="Notes and comments on a recording, in open formats.",
)


class RecordingTrackQuerySchema(Message):
    """What the track is for: as of a visit, or the comments on the recording."""

    kind = Choice(*timelines.KINDS_OF_TRACK, COMMENTS, load_default="notes")


class RecordingAnnotationsQuerySchema(Message):
    """Whether the notes of the visit or the comments on the recording are asked for."""

    kind = Choice("notes", COMMENTS, load_default="notes")


@blueprint.route(
    "/track.vtt", policy=Policy.SIGNED_IN, name="recording_track", scopes=("media:read", "media:write")
)
@blueprint.takes(RecordingTrackQuerySchema, location="query")
@blueprint.gives(200, {"type": "string"}, content_type=WEBVTT)
@blueprint.refuses(Problem.NOT_FOUND, Problem.INVALID_REQUEST)
@in_transaction
def track(work: Work, asked: dict[str, Any], media_id: str) -> Response:
    """The notes that you may see, where they lie on this recording, or the comments on it: a text track for its player."""
    recording = _recording(work, media_id)
    if asked["kind"] == COMMENTS:
        said = timelines.timed(_comments_on(work, media_id))
        return Response(timelines.captions(said, names_of(work, said)), mimetype=WEBVTT)
    notes = _notes_on(work, recording, asked["kind"])
    opened(work, notes)
    text = timelines.track(asked["kind"], notes, names_of(work, notes), recording["duration_ms"])
    return Response(text, mimetype=WEBVTT)


@blueprint.route("/annotations", policy=Policy.SIGNED_IN, scopes=("media:read", "media:write"))
@blueprint.takes(RecordingAnnotationsQuerySchema, location="query")
@blueprint.gives(200, {"type": "object"}, content_type=JSON_LD)
@blueprint.refuses(Problem.NOT_FOUND, Problem.INVALID_REQUEST)
@in_transaction
def recording_annotations(work: Work, asked: dict[str, Any], media_id: str) -> Response:
    """The notes that you may see, or the comments, as Web Annotations of this recording."""
    recording = _recording(work, media_id)
    source = f"{work.services.settings.public_url}/v1/media/{media_id}"
    if asked["kind"] == COMMENTS:
        said = _comments_on(work, media_id)
        return annotated(timelines.comment_collection(source, said, names_of(work, said)))
    notes = _notes_on(work, recording, "notes", all_of_them=True)
    opened(work, notes)
    return annotated(timelines.annotation_collection(source, notes, names_of(work, notes)))


@blueprint.route(
    "/annotations",
    methods=("POST",),
    policy=Policy.SIGNED_IN,
    body_limit=IMPORT_LIMIT,
    name="import_comments",
    scopes=("media:write",),
)
@blueprint.says(requestBody=ANNOTATIONS)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(201, ImportedCommentsSchema)
@blueprint.may_give(200, ImportedCommentsSchema, ALREADY_TAKEN)
@blueprint.refuses(
    Problem.NOT_FOUND,
    Problem.NOT_ALLOWED,
    Problem.INVALID_REQUEST,
    Problem.INVALID_JSON,
    Problem.UNSUPPORTED_MEDIA_TYPE,
    Problem.TOO_LARGE,
)
def import_comments(media_id: str) -> Response:
    """Take Web Annotations of this recording as comments of your own; all of them or none."""
    return importing.take_comments(media_id, read_with(read_comments, hardened.read(request, JSON_LD)))


def _recording(work: Work, media_id: str) -> Record:
    """The recording, if the asker may play it now; Refused(NOT_FOUND) alike for whatever is the reason why not."""
    playback.streams(shown(work, media_id))
    return reading.record(work, _MEDIA, media_id)


def _notes_on(work: Work, recording: Record, kind: str, *, all_of_them: bool = False) -> list[Record]:
    visit = reading.record(work, KINDS["visits"], recording["visit_id"])
    begins = lesson.begins(recording, visit, _whole(work, recording))
    on_it = visit, begins, recording["duration_ms"]
    notes = notes_of(work, visit["id"])
    if kind == "chapters":
        return timelines.timed(lesson.laid_codes(timelines.codes(notes), *on_it))
    laid = lesson.laid(notes, *on_it)
    return laid if all_of_them else timelines.KINDS_OF_TRACK[kind](laid)


def _whole(work: Work, recording: Record) -> Record | None:
    """What a clip is cut from, while it is there."""
    if recording["clip_of"] is None:
        return None
    found = reading.every(work, _MEDIA, _MEDIA.table.c.id == recording["clip_of"])
    return found[0] if found else None


def _comments_on(work: Work, media_id: str) -> list[Record]:
    return reading.every(work, _COMMENTS, _COMMENTS.table.c.media_id == media_id)
