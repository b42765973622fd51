"""The names of scopes, and who is in them: the words in which audiences are said."""

from __future__ import annotations

from collections.abc import Iterable

from sync.changes import Record
from sync.server.kind import Near

TENANT = "tenant"
MEMBER_STATES = frozenset({"enrolled", "active", "completed"})
"""The states of a membership in which a person reads what stands in its scope."""


def person(person_id: str) -> str:
    """The scope of one person."""
    return f"person/{person_id}"


def group(group_id: str) -> str:
    """The scope of a group's members."""
    return f"group/{group_id}"


def school(school_id: str) -> str:
    """The scope of a school's people."""
    return f"school/{school_id}"


def people(*person_ids: str | None) -> set[str]:
    """The scopes of these people; None is nobody."""
    return {person(person_id) for person_id in person_ids if person_id}


def groups(group_ids: Iterable[str]) -> set[str]:
    """The scopes of these groups."""
    return {group(group_id) for group_id in group_ids}


def ids(record: Record, field: str) -> list[str]:
    """The ids that the field of a record holds; null is none."""
    return list(record.get(field) or ())


def is_member(membership: Record) -> bool:
    """Whether the membership lets its person into the scope."""
    return membership["state"] in MEMBER_STATES


def memberships_of(near: Near, scope_id: str) -> list[Record]:
    """All memberships, past ones too, of a `group/<id>` or `school/<id>`."""
    kind, _, record_id = scope_id.partition("/")
    return near.children("memberships", f"{kind}_id", record_id)


def members(near: Near, scope_id: str) -> set[str]:
    """The ids of the people who are in a `group/<id>` or `school/<id>` now."""
    return {membership["person_id"] for membership in memberships_of(near, scope_id) if is_member(membership)}


def evaluators(near: Near, person_id: str) -> set[str]:
    """The ids of those who evaluate this person."""
    return set(ids(near.record("people", person_id) or {}, "evaluator_ids"))


def kept_out(near: Near, host_id: str) -> set[str]:
    """The ids of those who read nothing of a host's visits: who evaluates her, or did, until she lets them see again."""
    pauses = near.children("pauses", "person_id", host_id)
    lifted = {pause["evaluator_id"] for pause in pauses if pause["state"] == "lifted"}
    return (evaluators(near, host_id) | {pause["evaluator_id"] for pause in pauses}) - lifted
