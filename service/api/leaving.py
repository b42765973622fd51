"""Everything of one's own as one file: asked for, looked after, fetched."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from schemas.leaving import ExportSchema
from schemas.problems import Problem, Refused
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.portability import exports

blueprint = Blueprint("leaving", __name__, url_prefix="/v1/me", description="Taking along what is yours.")


@blueprint.route("/export", methods=("POST",), policy=Policy.SIGNED_IN, name="ask_for_export")
@blueprint.gives(202, ExportSchema)
@in_transaction
def ask(work: Work) -> dict[str, Any]:
    """Have everything of yours put into one file: records, media, notes as WebVTT. Asked again, it is the same file."""
    return told(work, exports.ask(work.connection, work.actor, work.services.now()))


@blueprint.route("/export", policy=Policy.SIGNED_IN, secret=True, name="get_export")
@blueprint.gives(200, ExportSchema)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def look(work: Work) -> dict[str, Any]:
    """How far the file is that you asked for last, and where to fetch it."""
    row = exports.latest(work.connection, work.actor)
    if row is None:
        raise Refused(Problem.NOT_FOUND)
    return told(work, row)


def told(work: Work, row: Row[Any]) -> dict[str, Any]:
    """The export in the words of the wire."""
    signed = exports.link(work.services.store, row, work.services.now())
    state = "ready" if signed else "gone" if row.ready_at else "waiting"
    return {
        "state": state,
        "asked_at": row.asked_at,
        "size_bytes": row.size_bytes,
        "url": signed and signed.url,
        "expires_at": row.ready_at and row.ready_at + exports.LASTS,
    }
