"""Who sits where: never more accepted guests than seats, and whoever waits longest moves up."""

from __future__ import annotations

from collections.abc import Iterator

from service.records.system import system_change
from sync.changes import Change, Record
from sync.server.kind import Near, Write

SEATED = frozenset({"accepted", "attended"})
"""The states of a seat that somebody sits on."""
TAKES_GUESTS = frozenset({"open", "full"})
"""The states of an invitation that takes guests, if only on its waiting list."""


def taken(near: Near, invitation_id: str, besides: str = "") -> list[Record]:
    """The seats of an invitation that are sat on, without the one with the id `besides`."""
    seats = near.children("seats", "invitation_id", invitation_id)
    return [seat for seat in seats if seat["state"] in SEATED and seat["id"] != besides]


def is_full(near: Near, invitation: Record, besides: str = "") -> bool:
    """Whether no seat is free; without a number of seats there is always one."""
    seats: int | None = invitation.get("seats")
    return seats is not None and len(taken(near, invitation["id"], besides)) >= seats


def rebalance(cause: Write, near: Near, invitation_id: str) -> Iterator[Change]:
    """What follows when seats are taken, freed or added: the waiting list moves up, the invitation fills or opens."""
    invitation = near.record("invitations", invitation_id)
    if invitation is None or invitation["state"] not in TAKES_GUESTS:
        return
    promoted = _next_in_line(near, invitation)
    for seat in promoted:
        yield system_change(cause, near, "seats", seat["id"], state="accepted")
    state = _fitting_state(near, invitation, len(promoted))
    if state != invitation["state"]:
        yield system_change(cause, near, "invitations", invitation_id, state=state)


def _next_in_line(near: Near, invitation: Record) -> list[Record]:
    seats = near.children("seats", "invitation_id", invitation["id"])
    waiting = sorted(
        (seat for seat in seats if seat["state"] == "waitlisted"),
        key=lambda seat: (seat["created_at"], seat["id"]),
    )
    limit = invitation.get("seats")
    free = len(waiting) if limit is None else max(0, limit - len(taken(near, invitation["id"])))
    return waiting[:free]


def _fitting_state(near: Near, invitation: Record, promoted: int) -> str:
    limit = invitation.get("seats")
    return "full" if limit is not None and len(taken(near, invitation["id"])) + promoted >= limit else "open"
