"""Attachments: photos of a visit. The file itself is in the object store; this says what it is and how far it has come."""

from __future__ import annotations

from marshmallow import fields, validate

from observation_tools.states import MEDIA
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Whole, Words


class AttachmentSchema(RecordSchema):
    """A file as its phone declared it; the server moves its state and gives the reason when it takes it away."""

    visit_id = Id(required=True)
    note_id = Id(allow_none=True)
    file_name = Words(255, allow_none=True)
    media_type = Words(127, allow_none=True)
    size_bytes = Whole(1, allow_none=True)
    sha256 = fields.String(
        validate=validate.Regexp(
            r"^[0-9a-f]{64}\Z", error="A checksum is 64 hexadecimal digits in lower case."
        ),
        allow_none=True,
    )
    at_ms = Whole(allow_none=True)
    state = Choice(*MEDIA.states)
    reason = Words(2000, allow_none=True, metadata={"server_owned": True})
