"""Conflicts: two texts that could not be joined; both are kept."""

from __future__ import annotations

from schemas.base import RecordSchema
from schemas.fields import Id, Moment, Words


class ConflictSchema(RecordSchema):
    """Of two edits of one field `kept` stands and `other` does not; told to each of the two writers (`person_id`)."""

    collection = Words(200, allow_none=True)
    record_id = Words(200, allow_none=True)
    field = Words(200, allow_none=True)
    kept = Words(200_000, allow_none=True)
    other = Words(200_000, allow_none=True)
    kept_by = Words(200, allow_none=True)
    other_by = Words(200, allow_none=True)
    at = Moment(allow_none=True)
    person_id = Id(allow_none=True)
