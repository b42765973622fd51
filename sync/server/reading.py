"""Whether a change can be judged at all: its names must be such as the tables can hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from schemas.fields import ID_PATTERN
from schemas.problems import Problem
from sync.changes import Change

_ID = re.compile(ID_PATTERN)
_OP_ID = re.compile(r"^[\x21-\x7e]{1,200}\Z")
_COLLECTION = re.compile(r"^[a-z_]{1,64}\Z")


def is_id(value: object) -> bool:
    """Whether this can name a record."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_usable(change: Change) -> bool:
    """Whether a change names an op, a collection and a record in forms that can be looked up."""
    return (
        _matches(_OP_ID, change.op_id)
        and _matches(_COLLECTION, change.collection)
        and is_id(change.id)
        and _is_object(change.fields)
        and _is_number(change.base_seq)
    )


def fault_of(change: Change) -> dict[str, Any]:
    """The problem of a change that cannot be judged, with a pointer to each fault."""
    return Problem.INVALID_CHANGE.document("The change cannot be read.", _faults(change))


def _faults(change: Change) -> dict[str, list[str]]:
    faults = {
        "/op_id": None
        if _matches(_OP_ID, change.op_id)
        else "An op_id is 1 to 200 printable ASCII characters without spaces.",
        "/collection": None
        if _matches(_COLLECTION, change.collection)
        else "A collection is named in small letters.",
        "/id": None if is_id(change.id) else "An id is 8 to 64 letters, digits, - or _.",
        "/fields": None if _is_object(change.fields) else "The fields are an object.",
        "/base_seq": None
        if _is_number(change.base_seq)
        else "A base_seq is a number that the server gave, or null.",
    }
    return {pointer: [fault] for pointer, fault in faults.items() if fault}


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62)
