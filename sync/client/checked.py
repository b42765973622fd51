"""What may be typed: values that JSON can carry, in a collection that can be one, under an id that can be one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from schemas.base import SERVER_OWNED
from schemas.fields import ID_PATTERN
from sync.changes import Record
from sync.client.errors import CannotWrite

_COLLECTION = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ID = re.compile(ID_PATTERN)


def checked(collection: str, record_id: str, fields: Mapping[str, Any]) -> Record:
    """The fields as JSON values, without those that the server alone writes."""
    if not _COLLECTION.fullmatch(collection):
        raise CannotWrite(f"{collection!r} is not the name of a collection.")
    if not _ID.fullmatch(record_id):
        raise CannotWrite("An id is 8 to 64 letters, digits, - or _.")
    try:
        typed: Record = orjson.loads(orjson.dumps(fields))
    except orjson.JSONEncodeError as fault:
        raise CannotWrite(f"These values cannot be sent: {fault}") from None
    return {name: value for name, value in typed.items() if name not in (*SERVER_OWNED, "id")}
