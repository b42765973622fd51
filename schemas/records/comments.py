"""Comments: what people say to each other about a moment of a recording."""

from __future__ import annotations

from schemas.base import RecordSchema
from schemas.fields import Flag, Id, Whole, Words


class CommentSchema(RecordSchema):
    """A comment on a point (`at_ms`) or a range (to `until_ms`) of a recording, in milliseconds from its first picture.

    A reply names the comment that it answers. Who wrote it, or the host, says that a comment is `resolved`.
    """

    media_id = Id(required=True)
    reply_to = Id(allow_none=True)
    text = Words(20_000, allow_none=True)
    at_ms = Whole(allow_none=True)
    until_ms = Whole(allow_none=True)
    resolved = Flag(allow_none=True)
