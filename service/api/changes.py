"""The rows of a push, read one by one: a row that is no change is refused alone, and what it said is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.problems import Problem, Refused
from schemas.sync import MOST_CHANGES
from service.api import hardened
from sync.changes import Change

LONGEST_NAME = 200
_MEMBERS = {"op_id", "collection", "id", "base_seq", "fields", "deleted"}
_NAMES = ("op_id", "collection", "id")


@dataclass(frozen=True, slots=True)
class Row:
    """A change for the door; with a `problem`, one to refuse there under the op_id that was `said`."""

    change: Change
    said: str
    problem: Mapping[str, Any] | None = None


def read_rows(body: Any) -> list[Row]:
    """The rows of a push's body. Raises Refused when there are none to speak of, or too many."""
    changes = body.get("changes") if isinstance(body, dict) else None
    if not isinstance(changes, list):
        raise Refused(
            Problem.INVALID_REQUEST, errors={"/changes": ["A push is an object with a list of changes."]}
        )
    unknown = {hardened.pointer([name]): ["Unknown field."] for name in body if name != "changes"}
    if unknown:
        raise Refused(Problem.INVALID_REQUEST, errors=unknown)
    if len(changes) > MOST_CHANGES:
        raise Refused(Problem.TOO_MANY_CHANGES, extra={"limit": MOST_CHANGES})
    return [_row(said) for said in changes]


def _row(said: Any) -> Row:
    faults = _unsound(said) or _faults(said)
    if faults:
        return _refused(said, Problem.INVALID_CHANGE.document(errors=faults))
    change = Change(
        said["op_id"],
        said["collection"],
        said["id"],
        said.get("fields") or {},
        said.get("deleted", False),
        said.get("base_seq"),
    )
    return Row(change, change.op_id)


def _unsound(said: Any) -> dict[str, list[str]]:
    if (
        type(said) is dict
        and hardened.is_plain(said.get("fields"))
        and hardened.is_plain({**said, "fields": None})
    ):
        return {}
    try:
        hardened.check(said)
    except hardened.UnsoundError as fault:
        return {hardened.pointer(fault.path): [fault.message]}
    return {} if isinstance(said, dict) else {"": ["A change is an object."]}


def _faults(said: dict[str, Any]) -> dict[str, list[str]]:
    found = {hardened.pointer([name]): ["Unknown field."] for name in said if name not in _MEMBERS}
    found |= {
        f"/{name}": ["1 to 200 characters are needed here."]
        for name in _NAMES
        if not _is_name(said.get(name))
    }
    base = said.get("base_seq")
    if not (base is None or (type(base) is int and base >= 0)):
        found["/base_seq"] = ["A number that the server gave, or null."]
    if not isinstance(said.get("deleted", False), bool):
        found["/deleted"] = ["true or false."]
    if not isinstance(said.get("fields", {} if said.get("deleted") else None), dict):
        found["/fields"] = ["An object of fields by name, unless deleted is true."]
    return found


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME


def _refused(said: Any, problem: Mapping[str, Any]) -> Row:
    """The row as a change that can be kept: under an op_id of its own, as its own may be anybody's."""
    text = json.dumps(said)
    names = {name: _name(said, name) for name in _NAMES}
    op_id = f"bad-{hashlib.sha256(text.encode()).hexdigest()}"
    return Row(
        Change(op_id, names["collection"], names["id"], {"row": text}), names["op_id"] or op_id, problem
    )


def _name(said: Any, name: str) -> str:
    value = said.get(name) if isinstance(said, dict) else None
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        return ""
    return value.replace("\0", "").encode("utf-8", "replace").decode()
