"""What happens to the notes of a visit as a whole, and how its time was spent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from flask import Response
from marshmallow import fields
from sqlalchemy import func, select

from schemas.fields import Id, Ids, Whole, Words
from schemas.problems import Problem, Refused
from schemas.records.visits import VisitSchema
from schemas.sync import Message
from service.api import reading, revising
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.api.writing import write
from service.insights import timelines
from service.records import KINDS
from sync.changes import Change, Record

blueprint = Blueprint(
    "visit-acts",
    __name__,
    url_prefix="/v1/visits/<string(maxlength=64):visit_id>",
    description="A visit and its notes.",
)
_VISITS, _NOTES = KINDS["visits"], KINDS["notes"]
_REFUSED = (Problem.NOT_FOUND, Problem.NOT_ALLOWED, Problem.ILLEGAL_MOVE)


class ReleaseSchema(Message):
    """Who else may read the visit and its shared notes."""

    group_ids = Ids(load_default=list)
    people_ids = Ids(load_default=list)


class PendingSchema(Message):
    """How many notes an observer has not shared yet; nothing of what they say."""

    observer_id = Id(required=True)
    count = Whole(1, required=True)


class PendingListSchema(Message):
    """By observer."""

    items = fields.List(fields.Nested(PendingSchema), required=True)


class CodeTimeSchema(Message):
    """What one code took of the coded time."""

    code = Words(64, required=True)
    ms = Whole(required=True)
    share = fields.Float(required=True, metadata={"minimum": 0, "maximum": 1})
    episodes = Whole(1, required=True)


class CodedSchema(Message):
    """The lesson as one observer coded it with one instrument."""

    observer_id = Id(required=True)
    instrument = Words(128, required=True, allow_none=True)
    coded_ms = Whole(required=True)
    codes = fields.List(fields.Nested(CodeTimeSchema), required=True)


class TimeSchema(Message):
    """Each observer's coding by itself: they are never mixed."""

    items = fields.List(fields.Nested(CodedSchema), required=True)


@blueprint.route(
    "/share", methods=("POST",), policy=Policy.SIGNED_IN, name="share_visit", scopes=("notes:write",)
)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(200, VisitSchema, etag=True)
@blueprint.refuses(*_REFUSED)
@in_transaction
def share(work: Work, visit_id: str) -> Response:
    """Observer: share your draft notes with the host."""
    visit = reading.demand(work, _VISITS, visit_id)
    _demand(work.actor.person_id in (orjson.loads(visit.body)["observer_ids"] or ()))
    notes = [note for note in notes_of(work, visit_id, "draft") if note["created_by"] == work.actor.person_id]
    captured = orjson.loads(visit.body)["state"] == "captured"
    moved = [Change("", "visits", visit_id, {"state": "shared"}, base_seq=visit.seq)] if captured else []
    write(work, [*to_state("shared", notes), *moved])
    return revising.after(work, _VISITS, visit_id)


@blueprint.route(
    "/release", methods=("POST",), policy=Policy.SIGNED_IN, name="release_visit", scopes=("notes:write",)
)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.takes(ReleaseSchema)
@blueprint.gives(200, VisitSchema, etag=True)
@blueprint.refuses(*_REFUSED, Problem.EVALUATOR_EXCLUDED)
@in_transaction
def release(work: Work, said: dict[str, Any], visit_id: str) -> Response:
    """Host: let these groups and people read the visit and the notes shared with you, besides those who may already."""
    visit = reading.demand(work, _VISITS, visit_id)
    record = orjson.loads(visit.body)
    _demand(record["host_id"] == work.actor.person_id)
    readers = {
        f"released_{name}": _joined(record[f"released_{name}"], said[name])
        for name in ("group_ids", "people_ids")
    }
    notes = notes_of(work, visit_id, "shared", "retracted")
    write(work, [Change("", "visits", visit_id, readers, base_seq=visit.seq), *to_state("released", notes)])
    return revising.after(work, _VISITS, visit_id)


@blueprint.route(
    "/retract", methods=("POST",), policy=Policy.SIGNED_IN, name="retract_visit", scopes=("notes:write",)
)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(200, VisitSchema, etag=True)
@blueprint.refuses(*_REFUSED)
@in_transaction
def retract(work: Work, visit_id: str) -> Response:
    """Host: take back what you released; from now on only its author and you read each note."""
    visit = reading.demand(work, _VISITS, visit_id)
    _demand(orjson.loads(visit.body)["host_id"] == work.actor.person_id)
    nobody: Record = {"released_group_ids": [], "released_people_ids": []}
    notes = notes_of(work, visit_id, "released")
    write(work, [Change("", "visits", visit_id, nobody, base_seq=visit.seq), *to_state("retracted", notes)])
    return revising.after(work, _VISITS, visit_id)


@blueprint.route(
    "/pending", policy=Policy.SIGNED_IN, name="pending_notes", scopes=("notes:read", "notes:write")
)
@blueprint.gives(200, PendingListSchema)
@blueprint.refuses(Problem.NOT_FOUND, Problem.NOT_ALLOWED)
@in_transaction
def pending(work: Work, visit_id: str) -> dict[str, Any]:
    """Host: how many notes each observer has not shared with you yet."""
    visit = reading.record(work, _VISITS, visit_id)
    _demand(visit["host_id"] == work.actor.person_id)
    return {"items": _pending(work, visit_id)}


@blueprint.route("/time", policy=Policy.SIGNED_IN, name="time_by_code", scopes=("notes:read", "notes:write"))
@blueprint.gives(200, TimeSchema)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def time(work: Work, visit_id: str) -> dict[str, Any]:
    """How the coded time of the lesson was spent, as far as you may see its notes."""
    visit = reading.record(work, _VISITS, visit_id)
    notes = timelines.coded(notes_of(work, visit_id))
    opened(work, notes)
    return {"items": timelines.by_observer(notes, timelines.length_ms(visit))}


def notes_of(work: Work, visit_id: str, *states: str) -> list[Record]:
    """The notes of a visit (in these states) that the asker may see, each with its `seq`."""
    table = _NOTES.table.c
    in_these = [table.state.in_(states)] if states else []
    return reading.every(work, _NOTES, table.visit_id == visit_id, *in_these)


def names_of(work: Work, said: Iterable[Record]) -> dict[str, str]:
    """Who wrote these, by id."""
    table = KINDS["people"].table.c
    authors = {record["created_by"] for record in said}
    named = select(table.id, table.display_name).where(
        table.tenant_id == work.actor.tenant_id, table.id.in_(authors)
    )
    return {row.id: row.display_name for row in work.connection.execute(named)}


def to_state(state: str, notes: Iterable[Record]) -> list[Change]:
    """The changes that move these notes on."""
    return [Change("", "notes", note["id"], {"state": state}, base_seq=note["seq"]) for note in notes]


def opened(work: Work, notes: Iterable[Record]) -> None:
    """Note that somebody else's notes were read."""
    others = [note["id"] for note in notes if note["created_by"] != work.actor.person_id]
    reading.log_reads(work, _NOTES, "opened", others)


def _demand(hers: bool) -> None:
    """Refuse an act that is another's, also where it would change nothing."""
    if not hers:
        raise Refused(Problem.NOT_ALLOWED)


def _pending(work: Work, visit_id: str) -> list[dict[str, Any]]:
    table = _NOTES.table.c
    drafts = (
        select(table.created_by, func.count().label("count"))
        .where(table.tenant_id == work.actor.tenant_id, table.visit_id == visit_id, table.state == "draft")
        .group_by(table.created_by)
        .order_by(table.created_by)
    )
    return [{"observer_id": row[0], "count": row[1]} for row in work.connection.execute(drafts)]


def _joined(before: list[str] | None, more: list[str]) -> list[str]:
    return sorted({*(before or []), *more})
