"""Photos and recordings: where to send one, that it was sent, where to fetch it.

While the object store is asked, no transaction is open: a slow store must not hold what others need.
"""

from __future__ import annotations

from typing import Any

from schemas.media import (
    CompleteUploadSchema,
    LinkQuerySchema,
    LinkSchema,
    PartSchema,
    SignedPartSchema,
    UploadPlanSchema,
    UploadStateSchema,
)
from schemas.problems import Problem
from schemas.uppy import CompanionSchema
from service.api.leave import give_leave
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.audit import note
from service.media import playback, uploads
from service.media import record as records
from service.media.bucket import Part
from service.media.capability import PLAYBACK, PLAYBACK_LASTS, UPLOAD, UPLOAD_LEAVE_LASTS
from service.media.links import handed
from service.media.record import Media
from service.media.store import Signed
from service.media.uploads import Plan
from service.records import read_log

NOT_TAKEN = (
    Problem.NOT_FOUND,
    Problem.NOT_ALLOWED,
    Problem.ILLEGAL_MOVE,
    Problem.TOO_LARGE,
    Problem.STORAGE_FULL,
    Problem.MEDIA_TYPE_REFUSED,
    Problem.INVALID_RECORD,
    Problem.CONSENT_REQUIRED,
    Problem.CONSENT_WITHDRAWN,
)
"""What a file may be refused for before a byte of it is sent."""

blueprint = Blueprint("media-files", __name__, url_prefix="/v1/media", description="The files of media.")


@blueprint.route("/<media_id>/upload", methods=("POST",), policy=Policy.SIGNED_IN, scopes=("media:write",))
@blueprint.gives(200, UploadPlanSchema)
@blueprint.refuses(*NOT_TAKEN, Problem.UNAVAILABLE)
def begin_upload(media_id: str) -> dict[str, Any]:
    """Say how to send the file that you declared. Ask again whenever you like: the same upload goes on."""
    return told(uploads.plan(services().store, begun(media_id)))


@blueprint.route(
    "/<media_id>/upload/parts/<int:number>",
    methods=("POST",),
    policy=Policy.SIGNED_IN,
    scopes=("media:write",),
)
@blueprint.takes(PartSchema)
@blueprint.gives(200, SignedPartSchema)
@blueprint.refuses(*NOT_TAKEN, Problem.MEDIA_NOT_READY, Problem.INVALID_REQUEST, Problem.UNAVAILABLE)
def sign_part(said: dict[str, Any], media_id: str, number: int) -> dict[str, Any]:
    """Say where to PUT one part, numbered from 1. Its `md5`, if you give it, lets the store refuse a damaged one."""
    return signed(uploads.sign_part(services().store, begun(media_id), number, said.get("md5")))


@blueprint.route("/<media_id>/complete", methods=("POST",), policy=Policy.SIGNED_IN, scopes=("media:write",))
@blueprint.takes(CompleteUploadSchema)
@blueprint.gives(202, UploadStateSchema)
@blueprint.refuses(
    Problem.NOT_FOUND,
    Problem.NOT_ALLOWED,
    Problem.MEDIA_NOT_READY,
    Problem.MEDIA_MISMATCH,
    Problem.UNAVAILABLE,
)
def complete_upload(said: dict[str, Any], media_id: str) -> dict[str, str]:
    """Say that the file was sent: it is checked next, and shown when its record is `ready`. May be said twice."""
    claimed = {part["number"]: part["etag"] for part in said["parts"]}
    uploads.arrive(services().store, own(media_id), claimed)
    return {"state": arrived(media_id)}


@blueprint.route("/<media_id>/upload", methods=("DELETE",), policy=Policy.SIGNED_IN, scopes=("media:write",))
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_FOUND, Problem.NOT_ALLOWED, Problem.ILLEGAL_MOVE, Problem.UNAVAILABLE)
def abort_upload(media_id: str) -> None:
    """Throw away what was sent so far. The upload may be begun anew."""
    uploads.abort(services().store, own(media_id))


@blueprint.route("/<media_id>/link", policy=Policy.SIGNED_IN, scopes=("media:read", "media:write"))
@blueprint.takes(LinkQuerySchema, location="query")
@blueprint.gives(200, LinkSchema)
@blueprint.refuses(Problem.NOT_FOUND, Problem.INVALID_REQUEST)
@in_transaction
def link(work: Work, asked: dict[str, Any], media_id: str) -> Signed:
    """Where to fetch a file that you may see now, for five minutes: the best that there is, or the rendition you name.

    Its host sees that you asked.
    """
    media = shown(work, media_id)
    file = handed(media, asked.get("rendition"))
    note_link(work, media)
    return work.services.store.sign_get(file.key, file.media_type, file.file_name)


@blueprint.route(
    "/<media_id>/play", methods=("POST",), policy=Policy.SIGNED_IN, scopes=("media:read", "media:write")
)
@blueprint.gives(200, LinkSchema)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def play(work: Work, media_id: str) -> dict[str, Any]:
    """Where to play a recording that you may see, for six hours: an HLS playlist. Its host sees that you asked.

    The address stops when you may not see the recording any more, or sign out. Beside `master.m3u8` lie, where the record
    lists them, `poster`, `sheet` with `sheet.json`, and `waveform`.
    """
    media = shown(work, media_id)
    playback.streams(media)
    note_link(work, media)
    token, capability = give_leave(work, media.id, PLAYBACK, PLAYBACK_LASTS)
    url = f"{work.services.settings.public_url}/v1/play/{token}/{playback.MASTER}"
    return {"url": url, "expires_at": capability.until}


@blueprint.route(
    "/<media_id>/uppy", methods=("POST",), policy=Policy.SIGNED_IN, secret=True, scopes=("media:write",)
)
@blueprint.gives(200, CompanionSchema)
@blueprint.refuses(Problem.NOT_FOUND, Problem.NOT_ALLOWED)
@in_transaction
def uppy(work: Work, media_id: str) -> dict[str, Any]:
    """Where Uppy's own S3 client sends the file that you declared, for a day: give it as `companionEndpoint`."""
    media = uploads.find_own(work.connection, work.actor, media_id)
    token, capability = give_leave(work, media.id, UPLOAD, UPLOAD_LEAVE_LASTS)
    return {
        "companion_url": f"{work.services.settings.public_url}/v1/u/{token}",
        "expires_at": capability.until,
    }


def shown(work: Work, media_id: str) -> Media:
    """The media that the asker may see now."""
    return records.find_shown(work.connection, work.actor, media_id, work.services.now())


def note_link(work: Work, media: Media) -> None:
    """Note in the audit log, and where the host sees it, that somebody was told where this lies."""
    about = {"media_id": media.id}
    note(work.connection, work.actor.tenant_id, work.actor, "link_issued", about, work.services.now())
    if media.author != work.actor.person_id:
        using = work.services
        read_log.record(
            work.connection, work.actor, read_log.LINK_ISSUED, records.COLLECTION, [media.id], using.now()
        )


@in_transaction
def own(work: Work, media_id: str) -> Media:
    """The asker's own media."""
    return uploads.find_own(work.connection, work.actor, media_id)


@in_transaction
def begun(work: Work, media_id: str) -> Media:
    """The asker's own media, which is taken; its record says that the upload was begun."""
    using = work.services
    return uploads.begin(work.connection, using.door, using.settings, work.actor, media_id)


@in_transaction
def arrived(work: Work, media_id: str) -> str:
    """Note that the file is there, and have it checked."""
    return uploads.arrived(work.connection, work.services.door, work.actor, media_id)


def told(plan: Plan) -> dict[str, Any]:
    """The plan in the words of the wire."""
    if isinstance(plan, Signed):
        return signed(plan)
    return {
        "upload_id": plan.upload_id,
        "part_size": plan.part_size,
        "parts": [_told_part(part) for part in plan.arrived],
        "expires_at": plan.expires_at,
    }


def _told_part(part: Part) -> dict[str, Any]:
    return {"number": part.number, "size": part.size, "etag": part.etag}


def signed(address: Signed) -> dict[str, Any]:
    """Where to PUT, in the words of the wire."""
    return {
        "method": "PUT",
        "url": address.url,
        "headers": dict(address.headers),
        "expires_at": address.expires_at,
    }
