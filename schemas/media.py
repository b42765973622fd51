"""The messages by which a file comes up and is fetched. Its bytes go to the object store itself, never through the API."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields, validate

from observation_tools.states import MEDIA
from schemas.fields import Choice, Moment, Whole, Words
from schemas.records.media import RENDITIONS

MOST_PARTS = 10_000


class Message(Schema):
    """Members that a message does not name are refused."""

    class Meta:
        unknown = RAISE


class PartSchema(Message):
    """What is known of a part before it is sent."""

    md5 = fields.String(
        validate=validate.Regexp(r"^[0-9a-f]{32}\Z", error="An MD5 is 32 hexadecimal digits in lower case.")
    )


class SignedPartSchema(Message):
    """Where to send bytes before `expires_at`: by `method` to `url` with exactly these `headers`.

    The answer 412 says that the file is there already.
    """

    method = Choice("PUT")
    url = fields.String()
    headers = fields.Dict(keys=fields.String(), values=fields.String())
    expires_at = Moment(required=True)


class ArrivedPartSchema(Message):
    """A part that has arrived, numbered from 1 in the order of the file: it need not come again."""

    number = Whole(1, MOST_PARTS, required=True)
    size = Whole(required=True)
    etag = fields.String(required=True)


class UploadPlanSchema(SignedPartSchema):
    """How to send the file: whole, or in parts of `part_size` bytes (the last one shorter) when `parts` is there.

    Whole: as the members say. In parts: these `parts` have arrived; ask for each other one where to send it, and keep
    the ETag of each answer. Ask again after days, from another process: the same upload goes on.
    """

    upload_id = fields.String()
    part_size = Whole()
    parts = fields.List(fields.Nested(ArrivedPartSchema))


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


class LinkQuerySchema(Message):
    """Which rendition: one that the record lists, or else the best that there is."""

    rendition = Choice(*RENDITIONS)


class LinkSchema(Message):
    """Where to fetch the file; anybody who has the address can, until `expires_at`."""

    url = fields.String(required=True)
    expires_at = Moment(required=True)
