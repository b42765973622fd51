"""Next steps: what the host chose to try."""

from __future__ import annotations

from observation_tools.states import NEXT_STEP
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Moment, Words


class NextStepSchema(RecordSchema):
    """One thing that the host tries after a visit."""

    visit_id = Id(required=True)
    debrief_id = Id(allow_none=True)
    text = Words(2000, allow_none=True)
    tried_at = Moment(allow_none=True)
    state = Choice(*NEXT_STEP.states)
