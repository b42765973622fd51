"""What travels on the wire: one change, and what became of it. Both ends and every dialect speak in these."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import orjson

Record = dict[str, Any]
"""A record as JSON values, by field name: what a body on the wire holds."""


class Status(StrEnum):
    """What became of a change."""

    APPLIED = "applied"  # stored as it was sent
    MERGED = "merged"  # stored, but the record now differs from what was sent: adopt `record`
    REPEATED = "repeated"  # heard before; the first answer is given again
    HELD = "held"  # waits for its parent
    REJECTED = "rejected"  # not stored; kept in rejected_writes with the reason


@dataclass(frozen=True)
class Change:
    """One change of one record.

    `fields` holds only what the writer touched, as JSON values. What the writer had seen is either `base_seq` (the
    record's number when it was last read) or `base_fields` (the record itself, where a client sends that); with both,
    `base_fields` are what the writer itself sent after that number.
    """

    op_id: str
    collection: str
    id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False
    base_seq: int | None = None
    base_fields: Mapping[str, Any] | None = None

    @cached_property
    def payload(self) -> str:
        """A digest of what the change says: the same op_id with another payload is another change."""
        said = [self.collection, self.id, self.deleted, self.base_seq, as_said(self.fields)]
        return hashlib.sha256(_sorted_json(said)).hexdigest()


def _sorted_json(said: object) -> bytes:
    try:
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    except (
        orjson.JSONEncodeError
    ):  # a lone surrogate, a number of more than 64 bits: JSON of a kind, to be refused later
        return json.dumps(said, sort_keys=True, default=str).encode()


def as_said(fields: object) -> object:
    """Fields as JSON writes them, and whatever else was sent in their place."""
    return dict(fields) if isinstance(fields, Mapping) else fields


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change; `record` is there when the writer must adopt something else than it sent."""

    op_id: str
    collection: str
    id: str
    status: Status
    seq: int | None = None
    deleted: bool = False
    record: Record | None = None
    problem: Mapping[str, Any] | None = None
    first: Status | None = None  # with REPEATED: what the first answer was

    def document(self) -> dict[str, Any]:
        """The outcome as JSON values, without what does not apply."""
        said: dict[str, Any] = {
            "op_id": self.op_id,
            "collection": self.collection,
            "id": self.id,
            "status": self.status.value,
        }
        optional = {
            "seq": self.seq,
            "record": self.record,
            "problem": self.problem,
            "first": self.first and self.first.value,
        }
        said |= {name: value for name, value in optional.items() if value is not None}
        return said | ({"deleted": True} if self.deleted else {})
