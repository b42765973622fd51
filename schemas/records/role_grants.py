"""Role grants: what a person does here, or whom she evaluates, from when until when, and who said so."""

from __future__ import annotations

from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Moment, Words
from schemas.records.people import ROLES

EVALUATOR = "evaluator"
_OWNED = {"server_owned": True}


class RoleGrantSchema(RecordSchema):
    """A role of a person from `from_at` (else at once) until `until_at` (else until it is ended).

    The role `evaluator` is towards one host, `host_id`. `until_at` ends a grant, now or later; what has ended stays so.
    """

    person_id = Id(required=True)
    role = Choice(*ROLES, EVALUATOR, required=True)
    host_id = Id(allow_none=True)
    from_at = Moment(allow_none=True)
    until_at = Moment(allow_none=True)
    granted_by = Words(64, allow_none=True, metadata=_OWNED)
    ended_by = Words(64, allow_none=True, metadata=_OWNED)
