"""The messages by which a file comes up and is fetched. Its bytes go to the object store itself, never through the API."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields, validate

from observation_tools.states import MEDIA
from schemas.fields import Choice, Moment, Whole, Words

MOST_PARTS = 1000


class Message(Schema):
    """Members that a message does not name are refused."""

    class Meta:
        unknown = RAISE


class UploadPartSchema(Message):
    """Where to PUT one part; with an `etag` it has arrived already, and need not come again."""

    number = Whole(
        1, MOST_PARTS, required=True, metadata={"description": "From 1, in the order of the file."}
    )
    url = fields.String(required=True)
    etag = fields.String(metadata={"description": "Of the part that has arrived."})


class UploadPlanSchema(Message):
    """How to send the file before `expires_at`: whole, or in parts of `part_size` bytes when `parts` is there.

    Whole: send the file to `url` by `method` with exactly these `headers`; the answer 412 says that it is there already.
    In parts: PUT each to its `url` and keep the ETag of each answer. When time is up ask again, and go on.
    """

    method = Choice("PUT")
    url = fields.String()
    headers = fields.Dict(keys=fields.String(), values=fields.String())
    upload_id = fields.String()
    part_size = Whole(metadata={"description": "Bytes; the last part is shorter."})
    parts = fields.List(fields.Nested(UploadPartSchema))
    expires_at = Moment(required=True)


class SentPartSchema(Message):
    """A part that was sent."""

    number = Whole(1, MOST_PARTS, required=True)
    etag = Words(
        200, required=True, metadata={"description": "As the store answered it, with or without quotes."}
    )


class CompleteUploadSchema(Message):
    """All bytes are sent; `parts` says which, so that a lost one is noticed."""

    parts = fields.List(
        fields.Nested(SentPartSchema), validate=validate.Length(max=MOST_PARTS), load_default=()
    )


class UploadStateSchema(Message):
    """How far the file has come; it is shown when it is `ready`."""

    state = Choice(*MEDIA.states, required=True)


class LinkSchema(Message):
    """Where to fetch the file; anybody who has the address can, until `expires_at`."""

    url = fields.String(required=True)
    expires_at = Moment(required=True)
