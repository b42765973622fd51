"""Notes: what an observer noticed, as it happened."""

from __future__ import annotations

from observation_tools.notes import NOTE_KINDS
from observation_tools.states import NOTE
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Moment, Offset, Whole, Words


class NoteSchema(RecordSchema):
    """One note. `at_ms` and `until_ms` are milliseconds from the start of the lesson; a tally is one note for each time.

    `at` is when it was begun by the phone's clock, `clock_offset_ms` what must be added to that clock for the true time.
    """

    visit_id = Id(required=True)
    note_kind = Choice(*NOTE_KINDS, required=True)
    text = Words(20_000, allow_none=True)
    code = Words(64, allow_none=True)
    instrument = Words(128, allow_none=True)
    at_ms = Whole(allow_none=True)
    until_ms = Whole(allow_none=True)
    at = Moment(allow_none=True)
    clock_offset_ms = Offset(allow_none=True)
    state = Choice(*NOTE.states)
