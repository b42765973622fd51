"""Lists, a page at a time: by cursor in the order of ids, never by offset."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from marshmallow import ValidationError, fields

from schemas.fields import ID_PATTERN, Words
from schemas.problems import Problem, Refused
from schemas.sync import Message

LARGEST = 200
DEFAULT = 50
_ID = re.compile(ID_PATTERN)


class Limit(fields.Integer):
    """How many at most, written in the query as a plain number."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if not (
            isinstance(value, str) and value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= LARGEST
        ):
            raise ValidationError(f"A number from 1 to {LARGEST}.")
        return int(value)


class PageQuerySchema(Message):
    """Which page of a list: `cursor` as the page before gave it."""

    cursor = Words(200)
    limit = Limit(
        load_default=DEFAULT, metadata={"minimum": 1, "maximum": LARGEST, "description": "Items at most."}
    )


def encode_cursor(last_id: str) -> str:
    """The cursor of a page that ended with this id."""
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def decode_cursor(text: str | None) -> str:
    """The id after which to go on, the empty text at the start. Raises Refused(INVALID_CURSOR)."""
    if text is None:
        return ""
    try:
        last_id = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
    except (binascii.Error, ValueError):
        last_id = ""
    if not _ID.fullmatch(last_id):
        raise Refused(Problem.INVALID_CURSOR)
    return last_id
