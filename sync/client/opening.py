"""What a phone tells the host of a visit: that its person opened something of hers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sync.changes import Record
from sync.clock import stamp

READ_EVENTS, VISITS = "read_events", "visits"
Get = Callable[[str, str], Record | None]


def event(
    get: Get, key: tuple[str, str], reader: tuple[str | None, str], now: datetime
) -> tuple[str, dict[str, Any]] | None:
    """The id and the fields of the read event for the record `key`; None for who made it, its host, and no visit's.

    `reader` is the person and her device; the id is the same all day on the same device.
    """
    (collection, record_id), (person_id, device_id) = key, reader
    record = get(collection, record_id) or {}
    visit = record if collection == VISITS else get(VISITS, str(record.get("visit_id") or ""))
    if not visit or person_id in (None, record.get("created_by"), visit["host_id"]):
        return None
    said = [collection, record_id, person_id, device_id, now.date().isoformat()]
    fields = {
        "visit_id": visit["id"],
        "record_kind": collection,
        "record_id": record_id,
        "reader_id": person_id,
        "how": "opened",
        "at": stamp(now),
    }
    return f"opened-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:40]}", fields
