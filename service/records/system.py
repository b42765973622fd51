"""What the service itself changes as the effect of a person's change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sync.changes import Change
from sync.server.kind import Near, Write


def system_change(cause: Write, near: Near, collection: str, record_id: str, **fields: Any) -> Change:
    """A change of another record brought about by `cause`; without fields its audience is only asked anew.

    It says the record as it stands as its base, so that it merges as the latest word.
    """
    return Change(
        _op_id(cause, near, collection, record_id, fields),
        collection,
        record_id,
        fields,
        base_fields=near.record(collection, record_id),
    )


def system_deletion(cause: Write, near: Near, collection: str, record_id: str) -> Change:
    """The deletion of another record brought about by `cause`."""
    return Change(_op_id(cause, near, collection, record_id, None), collection, record_id, deleted=True)


def _op_id(
    cause: Write, near: Near, collection: str, record_id: str, fields: Mapping[str, Any] | None
) -> str:
    said = [
        cause.collection,
        cause.id,
        cause.before,
        cause.after,
        near.now.isoformat(),
        collection,
        record_id,
        fields,
    ]
    return f"effect-{hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:40]}"
