"""Debriefs: the talk after a visit."""

from __future__ import annotations

from observation_tools.states import DEBRIEF
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Moment, Whole, Words


class DebriefSchema(RecordSchema):
    """A talk by a protocol; host and observers write its summary together."""

    visit_id = Id(required=True)
    protocol = Words(128, allow_none=True)
    scheduled_at = Moment(allow_none=True)
    minutes = Whole(0, 600, allow_none=True)
    summary = Words(20_000, allow_none=True)
    state = Choice(*DEBRIEF.states)
