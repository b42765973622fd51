"""What a guest answers to an invitation, and whom a host invites: seats, in one call each."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import fields, validate

from schemas.fields import Id, Words
from schemas.problems import Problem
from schemas.records.seats import SeatSchema, seat_id
from schemas.sync import Message
from service.api import reading, revising
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.api.writing import write
from service.records import KINDS
from sync.changes import Change
from sync.server.audience import find

blueprint = Blueprint(
    "invitation-acts",
    __name__,
    url_prefix="/v1/invitations/<string(maxlength=64):invitation_id>",
    description="Seats.",
)
_REFUSED = (
    Problem.NOT_FOUND,
    Problem.NOT_ALLOWED,
    Problem.INVITATION_CLOSED,
    Problem.INVITATION_FULL,
    Problem.ILLEGAL_MOVE,
    Problem.INVALID_REQUEST,
)


class AnswerSchema(Message):
    """An answer, with a word to the host if you like."""

    message = Words(2000)


class InviteSchema(Message):
    """Whom to invite."""

    people_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=100))


class SeatsSchema(Message):
    """The seats of those invited."""

    items = fields.List(fields.Nested(SeatSchema), required=True)


def _add_answer(act: str, state: str, summary: str) -> None:
    @blueprint.route(
        f"/{act}",
        methods=("POST",),
        policy=Policy.SIGNED_IN,
        name=f"{act}_seat",
        scopes=("invitations:write",),
    )
    @blueprint.says(summary=summary)
    @blueprint.hears(IDEMPOTENCY_KEY)
    @blueprint.takes(AnswerSchema, required=False)
    @blueprint.gives(200, SeatSchema, etag=True)
    @blueprint.refuses(*_REFUSED)
    @in_transaction
    def answer(work: Work, said: dict[str, Any], invitation_id: str) -> Response:
        reading.demand(work, KINDS["invitations"], invitation_id)
        seat = _seat(work, invitation_id, work.actor.person_id, state, said)
        if act == "withdraw":
            reading.demand(work, KINDS["seats"], seat.id)
        if not (act == "claim" and _waits(work, seat)):
            write(work, [seat])
        return revising.after(work, KINDS["seats"], seat.id)


_add_answer("claim", "accepted", "Take a seat; when all are taken, wait for one.")
_add_answer("accept", "accepted", "Say yes to an invitation.")
_add_answer("decline", "declined", "Say no to an invitation.")
_add_answer("tentative", "tentative", "Say maybe to an invitation.")
_add_answer("withdraw", "withdrawn", "Give your seat back.")


@blueprint.route("/invite", methods=("POST",), policy=Policy.SIGNED_IN, scopes=("invitations:write",))
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.takes(InviteSchema)
@blueprint.gives(200, SeatsSchema)
@blueprint.refuses(*_REFUSED)
@in_transaction
def invite(work: Work, said: dict[str, Any], invitation_id: str) -> Response:
    """Invite people to your own invitation; those who have a seat keep it as it is."""
    reading.demand(work, KINDS["invitations"], invitation_id)
    seats = [
        _seat(work, invitation_id, person_id, "invited", {})
        for person_id in dict.fromkeys(said["people_ids"])
    ]
    write(work, [seat for seat in seats if seat.base_seq is None])
    bodies = [reading.demand(work, KINDS["seats"], seat.id).body for seat in seats]
    return reading.json_text(f'{{"items":[{",".join(bodies)}]}}')


def _seat(work: Work, invitation_id: str, person_id: str, state: str, said: dict[str, Any]) -> Change:
    """The change that makes the seat, or moves it where it is there already."""
    record_id = seat_id(invitation_id, person_id)
    found = find(work.connection, work.actor, "seats", record_id)
    whose = {} if found else {"invitation_id": invitation_id, "person_id": person_id}
    return Change(
        "", "seats", record_id, {**whose, "state": state, **said}, base_seq=found.seq if found else None
    )


def _waits(work: Work, seat: Change) -> bool:
    """Whether its guest already stands on the waiting list, where a claim can only put her again."""
    found = find(work.connection, work.actor, "seats", seat.id)
    return found is not None and orjson.loads(found.body)["state"] == "waitlisted"
