"""What a person sees: the server's truth with what she typed laid over it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from sync.changes import Record
from sync.client.outbox import Queued


def seen(record_id: str, truth: Mapping[str, Any] | None, typed: Iterable[Queued]) -> Record | None:
    """The record with the queued changes on top, None where there is none or the last of them deletes it."""
    record = None if truth is None else dict(truth)
    for change in typed:
        record = None if change.deleted else {**(record or {"id": record_id}), **change.fields}
    return record


def touched(record: Mapping[str, Any], fields: Mapping[str, Any]) -> Record:
    """Those of the fields that differ from the record. As JSON: 1, 1.0 and true are three values."""
    return {name: value for name, value in fields.items() if _differs(record.get(name), value)}


def _differs(one: Any, other: Any) -> bool:
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) != orjson.dumps(other, option=orjson.OPT_SORT_KEYS)
