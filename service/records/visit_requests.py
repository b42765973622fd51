"""Visit requests: a colleague asks, the host answers; a yes makes an invitation with a seat for her who asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from observation_tools.states import VISIT_REQUEST
from schemas.records.seats import seat_id
from schemas.records.visit_requests import VisitRequestSchema
from service.records import scopes
from service.records.checks import checks, frozen, known, made_by, only, refused, server_sets
from service.records.rules import is_host, is_person, moves
from service.records.system import system_change
from service.records.tables import kind_table, moment, names, state, words
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Effect, Kind, Near, Write

table = kind_table(
    "visit_requests",
    names("requester_id", "people", required=True),
    names("host_id", "people", required=True),
    moment("wanted_at"),
    words("message"),
    names("invitation_id", "invitations"),
    state(),
)

asks = is_person("requester_id")


def invitation_of(request_id: str) -> str:
    """The id of the invitation that an accepted request makes."""
    return f"asked-{hashlib.sha256(request_id.encode()).hexdigest()[:32]}"


def _of_somebody_else(actor: Actor, write: Write, near: Near) -> Record | None:
    request = write.after or {}
    if request["requester_id"] == request["host_id"]:
        raise refused("host_id", "You ask yourself: ask a colleague.")
    return None


def _accepted(write: Write) -> bool:
    return any(after == "accepted" for _, after in write.moved)


def _name_the_invitation(actor: Actor, write: Write, near: Near) -> Record | None:
    return {**(write.after or {}), "invitation_id": invitation_of(write.id)} if _accepted(write) else None


def _effects(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    request = write.after
    if request is None or not _accepted(write):
        return ()
    invitation_id, guest_id = invitation_of(write.id), request["requester_id"]
    door = {
        "host_id": request["host_id"],
        "starts_at": request["wanted_at"],
        "seats": 1,
        "people_ids": [guest_id],
        "state": "open",
    }
    seat = {
        "invitation_id": invitation_id,
        "person_id": guest_id,
        "message": request["message"],
        "state": "accepted",
    }
    return [
        system_change(write, near, "invitations", invitation_id, **door),
        system_change(write, near, "seats", seat_id(invitation_id, guest_id), **seat),
    ]


KIND = Kind(
    name="visit_requests",
    table=table,
    schema=VisitRequestSchema(),
    read_scope="invitations:read",
    write_scope="invitations:write",
    audience=lambda request, near: scopes.people(request["requester_id"], request["host_id"]),
    policies={"message": Policy.TEXT, "state": Policy.STATE},
    machine=VISIT_REQUEST,
    may_write=asks | is_host,
    may_move=moves(
        VISIT_REQUEST, {"sent > accepted": is_host, "sent > declined": is_host, "sent > withdrawn": asks}
    ),
    check=checks(
        made_by(asks, "Everyone asks for herself."),
        frozen("requester_id", "host_id"),
        known("people", "requester_id", "host_id"),
        _of_somebody_else,
        only(asks, "wanted_at", "message", message="Only she who asks writes her request."),
        server_sets("invitation_id"),
        _name_the_invitation,
    ),
    effects=_effects,
)
