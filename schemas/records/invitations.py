"""Invitations: a host opens her door and says what to look for."""

from __future__ import annotations

from observation_tools.states import INVITATION
from schemas.base import RecordSchema
from schemas.fields import Choice, Flag, Id, Ids, Moment, Whole, Words


class InvitationSchema(RecordSchema):
    """Come and watch. Without `seats` there is room for all; `excluded_ids` never see it, whoever else does."""

    host_id = Id(required=True)
    school_id = Id(allow_none=True)
    look_for = Words(2000, allow_none=True)
    note = Words(2000, allow_none=True)
    place = Words(200, allow_none=True)
    starts_at = Moment(allow_none=True)
    ends_at = Moment(allow_none=True)
    seats = Whole(1, 100, allow_none=True)
    next_steps_welcome = Flag(allow_none=True)
    people_ids = Ids(allow_none=True)
    group_ids = Ids(allow_none=True)
    school_ids = Ids(allow_none=True)
    to_tenant = Flag(allow_none=True)
    excluded_ids = Ids(allow_none=True)
    state = Choice(*INVITATION.states)
