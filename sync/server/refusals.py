"""What could not be kept in the record itself is kept beside it, for the person who typed it, and synced back to her.

`rejected_writes` hold a whole change that was refused; `conflicts` hold the one of two texts that did not stay. Their ids
are made from their content, so that a phone's retries do not pile up.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sync.changes import Change, as_said
from sync.clock import stamp
from sync.merge import Conflict
from sync.server.actor import SYSTEM, Actor
from sync.server.overlay import Row

REJECTED_WRITES = "rejected_writes"
CONFLICTS = "conflicts"
LONGEST_PAYLOAD = 200_000
"""Characters; what is longer is cut here and stands whole in the inbox for its 30 days."""


def rejected_write(actor: Actor, change: Change, problem: Mapping[str, Any], now: datetime) -> Change:
    """The change that keeps a refused change for its author."""
    payload = json.dumps(
        {"fields": as_said(change.fields), "deleted": change.deleted, "base_seq": change.base_seq},
        default=str,
    )
    fields: dict[str, str | None] = {
        "person_id": actor.person_id,
        "collection": _printable(change.collection),
        "record_id": _printable(change.id),
        "op_id": _printable(change.op_id),
        "problem": problem["type"].removeprefix("/problems/"),
        "detail": _detail(problem),
        "payload": payload[:LONGEST_PAYLOAD],
        "at": stamp(now),
    }
    record_id = _content_id("rw", actor.person_id, change.op_id, change.payload)
    return Change(f"{record_id}-keep", REJECTED_WRITES, record_id, fields)


def conflict_records(
    actor: Actor, change: Change, row: Row, conflicts: Iterable[Conflict], now: datetime
) -> Iterator[Change]:
    """The changes that keep the texts that did not stay, for each of the two writers of each."""
    for conflict in conflicts:
        yield from _conflict(actor, change, row, conflict, now)


def _conflict(actor: Actor, change: Change, row: Row, conflict: Conflict, now: datetime) -> Iterator[Change]:
    other_writer = row.writer(conflict.field)[2]
    kept_by, other_by = (
        (actor.person_id, other_writer) if conflict.arrived_kept else (other_writer, actor.person_id)
    )
    for person_id in sorted({kept_by, other_by} - {SYSTEM}):
        record_id = _content_id(
            "cf",
            person_id,
            change.collection,
            change.id,
            conflict.field,
            _text(conflict.kept),
            _text(conflict.other),
        )
        fields: dict[str, str | None] = {
            "person_id": person_id,
            "collection": change.collection,
            "record_id": change.id,
            "field": conflict.field,
            "at": stamp(now),
        }
        fields |= {
            "kept": _text(conflict.kept),
            "other": _text(conflict.other),
            "kept_by": kept_by,
            "other_by": other_by,
        }
        yield Change(f"{record_id}-keep", CONFLICTS, record_id, fields)


def _detail(problem: Mapping[str, Any]) -> str:
    faults = "; ".join(
        f"{pointer}: {' '.join(map(str, said))}" for pointer, said in problem.get("errors", {}).items()
    )
    return _printable(
        " ".join(part for part in (problem.get("detail", ""), faults) if part) or problem["title"], 2000
    )


def _printable(text: object, longest: int = 200) -> str:
    """Whatever was sent, as text that a table can hold and that does not grow when it is normalised again."""
    if not isinstance(text, str):
        text = repr(text)
    text = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return unicodedata.normalize("NFC", text)[:longest]


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _content_id(prefix: str, *parts: str | None) -> str:
    return f"{prefix}_{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]}"
