"""Media: photos, videos and sound of a visit. The file itself is in the object store; this says what it is and how far it has come."""

from __future__ import annotations

from marshmallow import fields, validate

from observation_tools.states import MEDIA
from schemas.base import RecordSchema
from schemas.fields import Choice, Flag, Id, Moment, Offset, Whole, Words

CONSENT_BASES = ("nobody_shown", "adults_agreed", "families_agreed", "school_policy")
"""Why this may be recorded: nobody can be recognised in it; every adult in it agreed; the families of every child in it
agreed; or the school's own policy, made known to families, covers it."""
RENDITIONS = ("photo", "small", "original", "720p", "360p", "sound", "poster", "sheet", "waveform", "blurred")
"""What the server makes of a file: a photo whole and small; a recording as it was sent, but without a word about its
maker, and smaller; its first picture, its pictures in one sheet, its loudness; and with the faces blurred."""
LARGEST = 2**43
_OWNED = {"server_owned": True}


class MediaSchema(RecordSchema):
    """A file as its phone declared it, or a clip cut from one (`clip_of`, `from_ms`, `until_ms`); the server moves its state.

    `at` is when it was taken or began by the phone's clock, `clock_offset_ms` what must be added to that clock; `at_ms`
    is the same in milliseconds from the start of the lesson, and `start_mark_ms` where in the recording the lesson starts.
    """

    visit_id = Id(required=True)
    note_id = Id(allow_none=True)
    file_name = Words(255, allow_none=True)
    media_type = Words(127, allow_none=True)
    size_bytes = Whole(1, LARGEST, allow_none=True)
    sha256 = fields.String(
        validate=validate.Regexp(
            r"^[0-9a-f]{64}\Z", error="A checksum is 64 hexadecimal digits in lower case."
        ),
        allow_none=True,
    )
    consent_basis = Choice(*CONSENT_BASES, allow_none=True)
    consent_withdrawn_at = Moment(allow_none=True)
    wifi_only = Flag(allow_none=True)
    blur_faces = Flag(allow_none=True)
    at = Moment(allow_none=True)
    clock_offset_ms = Offset(allow_none=True)
    at_ms = Whole(allow_none=True)
    start_mark_ms = Whole(allow_none=True)
    clip_of = Id(allow_none=True)
    from_ms = Whole(allow_none=True)
    until_ms = Whole(allow_none=True)
    state = Choice(*MEDIA.states)
    reason = Words(2000, allow_none=True, metadata=_OWNED)
    progress = Whole(0, 100, allow_none=True, metadata=_OWNED)
    renditions = fields.List(Choice(*RENDITIONS), allow_none=True, metadata=_OWNED)
    captions = fields.List(Words(35), allow_none=True, metadata=_OWNED)
    placeholder = Words(2000, allow_none=True, metadata=_OWNED)
    width = Whole(allow_none=True, metadata=_OWNED)
    height = Whole(allow_none=True, metadata=_OWNED)
    duration_ms = Whole(allow_none=True, metadata=_OWNED)
    ready_at = Moment(allow_none=True, metadata=_OWNED)
    expires_at = Moment(allow_none=True, metadata=_OWNED)
