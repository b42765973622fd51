"""Seats: a host invites, guests answer for themselves, and there is never one guest more than seats."""

from __future__ import annotations

from collections.abc import Iterable

from observation_tools.states import SEAT
from schemas.problems import Problem, Refused
from schemas.records.seats import SeatSchema, seat_id
from service.records import scopes
from service.records.checks import changed, checks, frozen, known, only, refused
from service.records.rules import is_host, is_person, moves, of
from service.records.seating import SEATED, TAKES_GUESTS, is_full, rebalance
from service.records.system import system_change
from service.records.tables import kind_table, names, state, words
from sync.changes import Record
from sync.clock import moment
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Effect, Kind, Near, Write

COMING = frozenset({"accepted", "tentative", "waitlisted"})
"""What a guest says who wants a seat."""
PROMOTION = ("waitlisted", "accepted")

table = kind_table(
    "seats",
    names("invitation_id", "invitations", required=True),
    names("person_id", "people", required=True),
    state(),
    words("message"),
)

is_guest = is_person("person_id")
is_invitation_host = of("invitation_id", "invitations", is_host)


def _audience(seat: Record, near: Near) -> set[str]:
    invitation = near.record("invitations", seat["invitation_id"]) or {}
    return scopes.people(seat["person_id"], invitation.get("host_id"))


def _has_its_id(actor: Actor, write: Write, near: Near) -> Record | None:
    seat = write.after or {}
    expected = seat_id(seat["invitation_id"], seat["person_id"])
    if write.id != expected:
        raise Refused(
            Problem.INVALID_RECORD, f"The id of this seat is {expected}.", {"/id": [f"Make it {expected}."]}
        )
    return None


def _each_for_herself(actor: Actor, write: Write, near: Near) -> Record | None:
    """A host invites and a guest answers: neither is born in the other's words."""
    seat = write.after or {}
    if write.before is not None or actor.is_system:
        return None
    if is_invitation_host(actor, seat, near):
        if is_guest(actor, seat, near):
            raise refused("person_id", "It is your own door: invite somebody else.")
        if seat["state"] != "invited":
            raise refused(
                "state", "You invite; the guest answers: make the seat as invited.", Problem.NOT_ALLOWED
            )
    elif seat["state"] == "invited":
        raise refused("state", "Only the host invites: claim the seat as accepted.", Problem.NOT_ALLOWED)
    return None


def _door_is_open(actor: Actor, write: Write, near: Near) -> Record | None:
    seat = write.after or {}
    invitation = near.record("invitations", seat["invitation_id"])
    wants_in = seat["state"] in COMING or (write.before is None and seat["state"] == "invited")
    if actor.is_system or invitation is None or "state" not in changed(write) or not wants_in:
        return None
    over = invitation.get("ends_at") is not None and moment(invitation["ends_at"]) < near.now
    if invitation["state"] not in TAKES_GUESTS or over:
        said = "over" if over else invitation["state"]
        raise Refused(
            Problem.INVITATION_CLOSED, f"This invitation is {said}. Ask the host with a visit request."
        )
    return None


def _evaluator_is_asked(actor: Actor, write: Write, near: Near) -> Record | None:
    """A host's evaluator may come when the host invites her; she does not take a seat by herself."""
    seat = write.after or {}
    invitation = near.record("invitations", seat["invitation_id"])
    claims = write.before is None and not actor.is_system and actor.person_id == seat["person_id"]
    if claims and invitation and seat["person_id"] in scopes.evaluators(near, invitation["host_id"]):
        said = "You evaluate this host: come only if she invites you herself."
        raise refused("person_id", said, Problem.EVALUATOR_EXCLUDED)
    return None


def _never_oversold(actor: Actor, write: Write, near: Near) -> Record | None:
    seat = write.after or {}
    invitation = near.record("invitations", seat["invitation_id"])
    sits_down = seat["state"] in SEATED and (write.before is None or write.before["state"] not in SEATED)
    if invitation is not None and sits_down and is_full(near, invitation, besides=write.id):
        return {**seat, "state": "waitlisted"}
    return None


def _effects(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    seat = write.after
    if seat is None or (PROMOTION in write.moved and actor.is_system):
        return ()  # whoever moved her up also looks after the invitation
    admitted = (
        [system_change(write, near, "invitations", seat["invitation_id"])] if write.before is None else []
    )
    return [*admitted, *rebalance(write, near, seat["invitation_id"])]


KIND = Kind(
    name="seats",
    table=table,
    schema=SeatSchema(),
    read_scope="invitations:read",
    write_scope="invitations:write",
    audience=_audience,
    parents={"invitation_id": "invitations"},
    policies={"message": Policy.TEXT, "state": Policy.STATE},
    machine=SEAT,
    may_write=is_guest | is_invitation_host,
    may_move=moves(
        SEAT,
        {
            "invited > accepted": is_guest,
            "invited > tentative": is_guest,
            "invited > declined": is_guest,
            "tentative > accepted": is_guest,
            "tentative > declined": is_guest,
            "declined > accepted": is_guest,
            "waitlisted > withdrawn": is_guest,
            "accepted > withdrawn": is_guest,
            "withdrawn > accepted": is_guest,
            "withdrawn > waitlisted": is_guest,
            "accepted > attended": is_invitation_host,
            "accepted > missed": is_invitation_host,
        },
    ),
    check=checks(
        _has_its_id,
        frozen("invitation_id", "person_id"),
        known("people", "person_id"),
        only(is_guest, "message", message="The guest writes her own message."),
        _each_for_herself,
        _door_is_open,
        _evaluator_is_asked,
        _never_oversold,
    ),
    effects=_effects,
)
