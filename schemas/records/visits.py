"""Hosted visits."""

from __future__ import annotations

from observation_tools.states import VISIT
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Ids, Moment, Offset, Words


class VisitSchema(RecordSchema):
    """One or more observers with a host; a drop-in has no invitation. The host alone writes who else may read (`released_...`).

    `started_at` is the start mark of the lesson by the clock of the phone that set it; `clock_offset_ms` is what must be
    added to that clock for the true time.
    """

    host_id = Id(required=True)
    invitation_id = Id(allow_none=True)
    observer_ids = Ids(allow_none=True)
    focus = Words(2000, allow_none=True)
    planned_at = Moment(allow_none=True)
    started_at = Moment(allow_none=True)
    ended_at = Moment(allow_none=True)
    clock_offset_ms = Offset(allow_none=True)
    state = Choice(*VISIT.states)
    released_group_ids = Ids(allow_none=True)
    released_people_ids = Ids(allow_none=True)
