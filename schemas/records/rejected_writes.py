"""Rejected writes: what the server could not take, kept for the person who typed it."""

from __future__ import annotations

from schemas.base import RecordSchema
from schemas.fields import Id, Moment, Words


class RejectedWriteSchema(RecordSchema):
    """A change that was refused, with the problem's slug; `payload` is the change as JSON text."""

    collection = Words(200, allow_none=True)
    record_id = Words(200, allow_none=True)
    op_id = Words(200, allow_none=True)
    problem = Words(200, allow_none=True)
    detail = Words(2000, allow_none=True)
    payload = Words(200_000, allow_none=True)
    at = Moment(allow_none=True)
    person_id = Id(allow_none=True)
