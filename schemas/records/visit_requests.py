"""Visit requests: "may I come?" """

from __future__ import annotations

from observation_tools.states import VISIT_REQUEST
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Moment, Words


class VisitRequestSchema(RecordSchema):
    """A colleague asks a host. The server sets `invitation_id` once the host accepts."""

    requester_id = Id(required=True)
    host_id = Id(required=True)
    wanted_at = Moment(allow_none=True)
    message = Words(2000, allow_none=True)
    invitation_id = Id(allow_none=True, metadata={"server_owned": True})
    state = Choice(*VISIT_REQUEST.states)
