"""What a change says, in the form in which a record holds it: judged by its kind's schema, without the server's own fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from schemas.base import SERVER_OWNED
from schemas.problems import Problem, Refused
from sync.changes import Change, Record
from sync.clock import stamp
from sync.server import reading
from sync.server.kind import Kind

_OURS = frozenset({*SERVER_OWNED, "id"})
"""What a change cannot say in its fields."""


def loaded(kind: Kind, change: Change, *, partial: bool) -> Record:
    """The arriving fields, validated and in the form that the wire writes them; the server's own fields are ignored."""
    fields = {name: value for name, value in change.fields.items() if name not in _OURS}
    if kind.schema.is_plain(fields, partial=partial) and reading.is_id(change.id):
        return fields
    try:
        found = kind.schema.load(fields | {"id": change.id}, partial=partial)
    except ValidationError as fault:
        raise Refused(Problem.INVALID_RECORD, "Some fields have faults.", _pointers(fault.messages)) from None
    del found["id"]
    return {name: stamp(value) if isinstance(value, datetime) else value for name, value in found.items()}


def sent(kind: Kind, change: Change) -> Record:
    """The fields as they were sent: what the schema puts in another form on the way in, the writer must adopt."""
    known = kind.schema.fields
    return {name: value for name, value in change.fields.items() if name in known and name not in _OURS}


def fits(kind: Kind, name: str, value: Any) -> bool:
    """Whether a record could ever have held this value; a client's base may say anything."""
    try:
        kind.schema.fields[name].deserialize(value)
    except ValidationError:
        return value is None
    return True


def _pointers(messages: Any, at: str = "/fields") -> dict[str, list[str]]:
    """marshmallow's nested messages as JSON pointers into the change."""
    if isinstance(messages, dict):
        found: dict[str, list[str]] = {}
        for name, inner in messages.items():
            found |= _pointers(
                inner, "/id" if (name, at) == ("id", "/fields") else f"{at}/{_escaped(str(name))}"
            )
        return found
    return {at: [str(message) for message in messages]}


def _escaped(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode().replace("~", "~0").replace("/", "~1")[:80]
