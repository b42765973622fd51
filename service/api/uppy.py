"""Uppy's own door: what its S3 client asks of a Companion, unmodified, for one file of one person.

It sends no Authorization header, so the address is the leave (`POST /v1/media/{id}/uppy`), and each request asks anew
whether the session lives and the file is hers. Keys and upload ids that it sends must be those of that file. While the
object store is asked, no transaction is open.
"""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE

from schemas.problems import Problem, Refused
from schemas.uppy import (
    UppyFileSchema,
    UppyFormSchema,
    UppyJoinSchema,
    UppyKeySchema,
    UppyListedSchema,
    UppyObjectSchema,
    UppyStartedSchema,
    UppyUrlSchema,
)
from service.api.leave import on_leave
from service.api.media import NOT_TAKEN
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.media import uploads
from service.media.capability import UPLOAD
from service.media.record import Media
from service.media.store import UPLOAD_LASTS

PREFIX = "/v1/u"
_BELOW = "/<string(maxlength=256):token>/s3"
_UPLOAD = f"{_BELOW}/multipart/<string(maxlength=1024):upload_id>"
_NOT_HERS = (Problem.NOT_FOUND, Problem.NOT_ALLOWED, Problem.ILLEGAL_MOVE, Problem.UNAVAILABLE)

blueprint = Blueprint("uppy", __name__, url_prefix=PREFIX, description="Uploads by Uppy's own client.")


@blueprint.route(f"{_BELOW}/params", policy=Policy.PUBLIC, secret=True, name="uppy_form")
@blueprint.takes(UppyFileSchema, location="query", unknown=INCLUDE)
@blueprint.gives(200, UppyFormSchema)
@blueprint.refuses(*NOT_TAKEN, Problem.UNAVAILABLE)
def form(said: dict[str, Any], token: str) -> dict[str, Any]:
    """Where to send a file whole."""
    media = begun(token)
    where = services().store.sign_form(media.raw_key, media.media_type, media.size_bytes, media.sha256)
    return {"url": where.url, "fields": dict(where.headers), "expires": int(UPLOAD_LASTS.total_seconds())}


@blueprint.route(
    f"{_BELOW}/multipart", methods=("POST",), policy=Policy.PUBLIC, secret=True, name="uppy_start"
)
@blueprint.takes(UppyFileSchema, unknown=INCLUDE)
@blueprint.gives(200, UppyStartedSchema)
@blueprint.refuses(*NOT_TAKEN, Problem.UNAVAILABLE)
def start(said: dict[str, Any], token: str) -> dict[str, str]:
    """Begin to send a file in parts, or go on with what was begun."""
    media = begun(token)
    return {"key": media.raw_key, "upload_id": services().store.begin_parts(media.raw_key, media.media_type)}


@blueprint.route(f"{_UPLOAD}/<int:number>", policy=Policy.PUBLIC, secret=True, name="uppy_part")
@blueprint.takes(UppyKeySchema, location="query", unknown=INCLUDE)
@blueprint.gives(200, UppyUrlSchema)
@blueprint.refuses(*_NOT_HERS, Problem.INVALID_REQUEST, Problem.MEDIA_NOT_READY)
def part(said: dict[str, Any], token: str, upload_id: str, number: int) -> dict[str, str]:
    """Where to send one part."""
    media = under_way(token, said["key"], upload_id)
    return {"url": uploads.sign_part_of(services().store, media, upload_id, number).url}


@blueprint.route(_UPLOAD, policy=Policy.PUBLIC, secret=True, name="uppy_parts")
@blueprint.takes(UppyKeySchema, location="query", unknown=INCLUDE)
@blueprint.gives(200, UppyListedSchema(many=True))
@blueprint.refuses(*_NOT_HERS, Problem.MEDIA_NOT_READY)
def parts(said: dict[str, Any], token: str, upload_id: str) -> list[Any]:
    """The parts that have arrived."""
    return uploads.arrived_parts(services().store, still_open(token, said["key"]), upload_id)


@blueprint.route(
    f"{_UPLOAD}/complete", methods=("POST",), policy=Policy.PUBLIC, secret=True, name="uppy_join"
)
@blueprint.takes(UppyKeySchema, location="query", unknown=INCLUDE)
@blueprint.takes(UppyJoinSchema, unknown=INCLUDE)
@blueprint.gives(200, UppyObjectSchema)
@blueprint.refuses(
    Problem.NOT_FOUND,
    Problem.NOT_ALLOWED,
    Problem.MEDIA_NOT_READY,
    Problem.MEDIA_MISMATCH,
    Problem.UNAVAILABLE,
)
def join(asked: dict[str, Any], said: dict[str, Any], token: str, upload_id: str) -> dict[str, str]:
    """All parts are sent: the file is checked next. May be said twice."""
    media = hers(token)
    _demand_key(media, asked["key"])
    store = services().store
    uploads.arrive(store, media, {one["number"]: one["etag"] for one in said["parts"]}, within=upload_id)
    arrived(token)
    return {"location": "", "bucket": store.bucket, "key": media.raw_key}


@blueprint.route(_UPLOAD, methods=("DELETE",), policy=Policy.PUBLIC, secret=True, name="uppy_abort")
@blueprint.takes(UppyKeySchema, location="query", unknown=INCLUDE)
@blueprint.gives(204)
@blueprint.refuses(*_NOT_HERS, Problem.MEDIA_NOT_READY)
def abort(said: dict[str, Any], token: str, upload_id: str) -> None:
    """Throw away what was sent."""
    uploads.abort(services().store, under_way(token, said["key"], upload_id))


def hers(token: str) -> Media:
    """The file that the capability is for."""
    with on_leave(token, UPLOAD) as leave:
        return uploads.find_own(leave.connection, leave.actor, leave.media_id)


def begun(token: str) -> Media:
    """The same, taken and with room for it."""
    with on_leave(token, UPLOAD) as leave:
        using = leave.services
        return uploads.begin(leave.connection, using.door, using.settings, leave.actor, leave.media_id)


def arrived(token: str) -> None:
    """Note that the file is there, and have it checked."""
    with on_leave(token, UPLOAD) as leave:
        uploads.arrived(leave.connection, leave.services.door, leave.actor, leave.media_id)


def under_way(token: str, key: str, upload_id: str) -> Media:
    """The file, to which this very upload goes on."""
    media = still_open(token, key)
    uploads.demand_this(services().store, media, upload_id)
    return media


def still_open(token: str, key: str) -> Media:
    """The file, of which bytes may still arrive."""
    media = hers(token)
    uploads.demand_open(media)
    _demand_key(media, key)
    return media


def _demand_key(media: Media, key: str) -> None:
    if key != media.raw_key:
        raise Refused(Problem.NOT_FOUND)
