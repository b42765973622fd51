"""What must hold beyond each field's own bounds, in a vocabulary of small checks; each refuses with words for the person.

A check sees the record before and after a change. It raises `Refused`, or returns the record as the server amends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from schemas.problems import Problem, Refused
from service.records.rules import Rule
from service.records.scopes import ids
from sync.changes import Record
from sync.server.actor import Actor
from sync.server.kind import Near, Write

Check = Callable[[Actor, Write, Near], Record | None]


def refused(field: str, message: str, problem: Problem = Problem.INVALID_RECORD) -> Refused:
    """The refusal of one field's value: what is wrong and what to do, where the person can see it."""
    return Refused(problem, message, {f"/fields/{field}": [message]})


def changed(write: Write) -> set[str]:
    """The fields that the write gives another value; an empty list and null are one."""
    before, after = write.before or {}, write.after or {}
    return {name for name in after.keys() - {"updated_at"} if _plain(after[name]) != _plain(before.get(name))}


def checks(*all_checks: Check, on_delete: Check | None = None) -> Check:
    """All of them in order, each on what the one before amended; `on_delete` alone judges a deletion."""

    def check(actor: Actor, write: Write, near: Near) -> Record | None:
        if write.after is None:
            return on_delete(actor, write, near) if on_delete else None
        amended = None
        for one in all_checks:
            mended = one(actor, write, near)
            if mended is not None:
                amended, write = mended, replace(write, after=mended)
        return amended

    return check


def frozen(*fields: str) -> Check:
    """These fields keep the value with which the record was made."""

    def check(actor: Actor, write: Write, near: Near) -> None:
        for field in sorted(changed(write) & set(fields)) if write.before else ():
            raise refused(
                field, f"{field} cannot be changed later: make another record.", Problem.NOT_ALLOWED
            )

    return check


def said_once(*fields: str) -> Check:
    """These fields may be left open at first, and keep the value that they are given."""

    def check(actor: Actor, write: Write, near: Near) -> None:
        before = write.before or {}
        for field in sorted(changed(write) & set(fields)):
            if before.get(field) is not None:
                raise refused(field, f"{field} was said already: make another record.", Problem.NOT_ALLOWED)

    return check


def only(rule: Rule, *fields: str, message: str) -> Check:
    """Only whom the rule names (asked of the record as it was, if it was) gives these fields a value."""

    def check(actor: Actor, write: Write, near: Near) -> None:
        touched = sorted(changed(write) & set(fields))
        if touched and not rule(actor, write.before or write.after or {}, near):
            raise refused(touched[0], message, Problem.NOT_ALLOWED)

    return check


def made_by(rule: Rule, message: str, problem: Problem = Problem.NOT_ALLOWED) -> Check:
    """Only whom the rule names makes such a record."""

    def check(actor: Actor, write: Write, near: Near) -> None:
        if write.before is None and not rule(actor, write.after or {}, near):
            raise Refused(problem, message)

    return check


def server_sets(*fields: str) -> Check:
    """The server's fields: what a client writes there is put back."""

    def check(actor: Actor, write: Write, near: Near) -> Record | None:
        touched = changed(write) & set(fields)
        if actor.is_system or not touched:
            return None
        return {**(write.after or {}), **{field: (write.before or {}).get(field) for field in touched}}

    return check


def known(kind: str, *fields: str) -> Check:
    """What these fields name (one id or a set) is there."""

    def check(actor: Actor, write: Write, near: Near) -> None:
        for field in sorted(changed(write) & set(fields)):
            for record_id in _added(write, field):
                if near.record(kind, record_id) is None:
                    raise refused(
                        field,
                        f"There is nothing with the id {record_id} in {kind}: choose from the list again.",
                    )

    return check


def in_order(first: str, second: str) -> Check:
    """Of two times the first is not after the second."""

    def check(actor: Actor, write: Write, near: Near) -> None:
        start, end = (write.after or {}).get(first), (write.after or {}).get(second)
        if start is not None and end is not None and start > end:
            raise refused(second, f"{second} lies before {first}: set it to the same time or later.")

    return check


def alone(*hanging: tuple[str, str]) -> Check:
    """No record of the kinds `(kind, field)` hangs on the one to be deleted."""

    def check(actor: Actor, write: Write, near: Near) -> None:
        for kind, field in hanging:
            if near.children(kind, field, write.id):
                raise Refused(
                    Problem.HAS_DEPENDENTS, f"It has {kind.replace('_', ' ')}: remove them first, or keep it."
                )

    return check


def added(write: Write, field: str) -> list[str]:
    """The ids that the write adds to a set."""
    before = ids(write.before or {}, field)
    return [record_id for record_id in ids(write.after or {}, field) if record_id not in before]


def _plain(value: Any) -> Any:
    return None if value == [] else value


def _added(write: Write, field: str) -> list[str]:
    value = (write.after or {}).get(field)
    return added(write, field) if isinstance(value, list) else [value] if value else []
