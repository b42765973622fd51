"""Taking along what is yours."""

from __future__ import annotations

from marshmallow import Schema, fields

from schemas.fields import Choice, Moment, Whole


class ExportSchema(Schema):
    """Everything of yours as one file: `waiting` while it is made, `ready` for a day, then `gone`."""

    state = Choice("waiting", "ready", "gone", required=True)
    asked_at = Moment(required=True)
    size_bytes = Whole(required=True, allow_none=True)
    url = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where to fetch it, for five minutes: a zip."},
    )
    expires_at = Moment(
        required=True, allow_none=True, metadata={"description": "Until when there is something to fetch."}
    )
