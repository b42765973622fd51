"""Groups: teams, studios, networks and coaching relations."""

from __future__ import annotations

from observation_tools.states import STUDIO
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Words

GROUP_TYPES = ("team", "studio", "network", "coaching")


class GroupSchema(RecordSchema):
    """People who learn together. A studio begins with the question of the teacher who leads it."""

    name = Words(200, shortest=1, required=True)
    group_type = Choice(*GROUP_TYPES, required=True)
    question = Words(2000, allow_none=True)
    lead_id = Id(allow_none=True)
    state = Choice(*STUDIO.states)
