"""Seats: one person's answer to one invitation."""

from __future__ import annotations

import hashlib

from observation_tools.states import SEAT
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Words


def seat_id(invitation_id: str, person_id: str) -> str:
    """The id of the person's seat: "seat-" and 32 hex digits of SHA-256 of "<invitation_id>/<person_id>".

    Two phones that claim a seat for one person, or a host who invites while the guest claims, make the same record.

    >>> seat_id("invitation-1", "person-ana")
    'seat-73907c3a2a5f3e90cc091289ea8ca089'
    """
    return f"seat-{hashlib.sha256(f'{invitation_id}/{person_id}'.encode()).hexdigest()[:32]}"


class SeatSchema(RecordSchema):
    """A seat; its id is `seat_id` of the two it joins."""

    invitation_id = Id(required=True)
    person_id = Id(required=True)
    state = Choice(*SEAT.states)
    message = Words(2000, allow_none=True)
