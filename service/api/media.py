"""Photos: where to send one, that it was sent, where to fetch it.

While the object store is asked, no transaction is open: a slow store must not hold what others need.
"""

from __future__ import annotations

from typing import Any

from schemas.media import CompleteUploadSchema, LinkSchema, UploadPlanSchema, UploadStateSchema
from schemas.problems import Problem, Refused
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.media import record as records
from service.media import uploads
from service.media.photo_types import shown_type
from service.media.record import Media
from service.media.store import Signed
from service.media.uploads import Parts, Plan
from service.records import read_log

blueprint = Blueprint("media-files", __name__, url_prefix="/v1/media", description="The files of media.")


@blueprint.route("/<media_id>/upload", methods=("POST",), policy=Policy.SIGNED_IN)
@blueprint.gives(200, UploadPlanSchema)
@blueprint.refuses(
    Problem.NOT_FOUND,
    Problem.NOT_ALLOWED,
    Problem.ILLEGAL_MOVE,
    Problem.TOO_LARGE,
    Problem.MEDIA_TYPE_REFUSED,
    Problem.INVALID_RECORD,
    Problem.UNAVAILABLE,
)
def begin_upload(media_id: str) -> dict[str, Any]:
    """Say how to send the file that you declared. Ask again whenever you like: the same upload goes on."""
    plan = uploads.plan(services().store, own(media_id))
    begun(media_id)
    return told(plan)


@blueprint.route("/<media_id>/complete", methods=("POST",), policy=Policy.SIGNED_IN)
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


@blueprint.route("/<media_id>/upload", methods=("DELETE",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_FOUND, Problem.NOT_ALLOWED, Problem.ILLEGAL_MOVE, Problem.UNAVAILABLE)
def abort_upload(media_id: str) -> None:
    """Throw away what was sent so far. The upload may be begun anew."""
    uploads.abort(services().store, own(media_id))


@blueprint.route("/<media_id>/link", policy=Policy.SIGNED_IN)
@blueprint.gives(200, LinkSchema)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def link(work: Work, media_id: str) -> Signed:
    """Where to fetch a photo that you may see now, for five minutes. Its host sees that you asked."""
    media = records.find(work.connection, work.actor, media_id)
    if media.state != records.READY:
        raise Refused(Problem.NOT_FOUND)
    if media.author != work.actor.person_id:
        read_log.record(
            work.connection,
            work.actor,
            read_log.LINK_ISSUED,
            records.COLLECTION,
            [media_id],
            work.services.now(),
        )
    return work.services.store.sign_get(media.key("photo"), shown_type(media.media_type), media.file_name)


@in_transaction
def own(work: Work, media_id: str) -> Media:
    """The asker's own media."""
    return uploads.find_own(work.connection, work.actor, media_id)


@in_transaction
def begun(work: Work, media_id: str) -> None:
    """Note that the upload was begun."""
    uploads.begun(work.connection, work.services.door, work.actor, media_id)


@in_transaction
def arrived(work: Work, media_id: str) -> str:
    """Note that the file is there, and have it checked."""
    return uploads.arrived(work.connection, work.services.door, work.actor, media_id)


def told(plan: Plan) -> dict[str, Any]:
    """The plan in the words of the wire."""
    if isinstance(plan, Parts):
        parts = [
            {"number": part.number, "url": part.url} | ({"etag": part.etag} if part.etag else {})
            for part in plan.parts
        ]
        said = {"upload_id": plan.upload_id, "part_size": plan.part_size, "parts": parts}
    else:
        said = {"method": "PUT", "url": plan.url, "headers": dict(plan.headers)}
    return said | {"expires_at": plan.expires_at}
