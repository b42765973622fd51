"""What the schema of every kind has in common."""

from __future__ import annotations

from marshmallow import RAISE, Schema

from schemas.fields import Id, Moment

SERVER_OWNED = ("created_by", "created_at", "updated_at")
"""Fields that the server alone writes: a phone's values are ignored, a REST body that holds them is refused."""


class RecordSchema(Schema):
    """A record on the wire: an id that its client made, fields of its kind, and what the server adds.

    Every field is always present in what the server sends, null included. Unknown fields are refused on the way in.
    """

    class Meta:
        unknown = RAISE

    id = Id(required=True)
    created_by = Id(dump_only=True)
    created_at = Moment(dump_only=True)
    updated_at = Moment(dump_only=True)
