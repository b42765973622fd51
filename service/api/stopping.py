"""Stop a recording from being seen, in one call each: consent withdrawn, or an incident."""

from __future__ import annotations

import orjson
from flask import Response

from schemas.problems import Problem
from schemas.records.media import MediaSchema
from service.api import reading, revising
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.api.writing import write
from service.records import KINDS
from sync.changes import Change
from sync.clock import stamp

blueprint = Blueprint(
    "media-acts",
    __name__,
    url_prefix="/v1/media/<string(maxlength=64):media_id>",
    description="Stop a recording from being seen.",
)
_MEDIA = KINDS["media"]


@blueprint.route("/withdraw-consent", methods=("POST",), policy=Policy.SIGNED_IN, scopes=("media:write",))
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(200, MediaSchema, etag=True)
@blueprint.refuses(Problem.NOT_FOUND, Problem.NOT_ALLOWED)
@in_transaction
def withdraw_consent(work: Work, media_id: str) -> Response:
    """Host, or who made it: nobody sees it from now on, nor any clip of it, and within minutes it is gone. It stays so."""
    found = reading.demand(work, _MEDIA, media_id)
    if orjson.loads(found.body)["consent_withdrawn_at"] is None:
        said = {"consent_withdrawn_at": stamp(work.services.now())}
        write(work, [Change("", "media", media_id, said, base_seq=found.seq)])
    return revising.after(work, _MEDIA, media_id)


@blueprint.route(
    "/hold", methods=("POST",), policy=Policy.SIGNED_IN, name="hold_media", scopes=("media:write",)
)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(200, MediaSchema, etag=True)
@blueprint.refuses(Problem.NOT_FOUND, Problem.NOT_ALLOWED, Problem.ILLEGAL_MOVE)
@in_transaction
def hold(work: Work, media_id: str) -> Response:
    """Host, or who made it: keep it for an incident. Nobody sees or deletes it until the operator releases it."""
    found = reading.demand(work, _MEDIA, media_id)
    write(work, [Change("", "media", media_id, {"state": "incident_hold"}, base_seq=found.seq)])
    return revising.after(work, _MEDIA, media_id)
