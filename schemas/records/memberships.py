"""Memberships: a person in a school or in a group."""

from __future__ import annotations

from observation_tools.states import STUDIO_MEMBER
from schemas.base import RecordSchema
from schemas.fields import Choice, Id

MEMBER_ROLES = ("member", "lead", "guest")


class MembershipSchema(RecordSchema):
    """A person in one school or one group: exactly one of the two is named."""

    person_id = Id(required=True)
    school_id = Id(allow_none=True)
    group_id = Id(allow_none=True)
    role = Choice(*MEMBER_ROLES, allow_none=True)
    state = Choice(*STUDIO_MEMBER.states)
