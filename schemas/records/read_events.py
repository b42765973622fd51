"""Read events: who has read what of a visit, where its host can see it."""

from __future__ import annotations

from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Moment, Words

READ_KINDS = ("visits", "notes", "media", "debriefs", "next_steps")
WAYS = ("delivered", "opened", "link_issued")


class ReadEventSchema(RecordSchema):
    """Something of a visit reached a reader: it was delivered to a phone, opened on it, or a link to its file was issued."""

    visit_id = Id(required=True)
    record_kind = Choice(*READ_KINDS, allow_none=True)
    record_id = Words(64, allow_none=True)
    reader_id = Id(allow_none=True)
    how = Choice(*WAYS, allow_none=True)
    at = Moment(allow_none=True)
