"""What it means that somebody evaluates a host: she never reads what the host released, and sits in no studio with her.

A visit that such a person could read is paused: its released notes are taken back until the host decides again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from service.records import scopes
from service.records.system import system_change
from sync.changes import Change, Record
from sync.server.kind import Near, Write


def pause(cause: Write, near: Near, visit: Record, new_evaluators: Iterable[str]) -> Iterator[Change]:
    """The changes that take back what these people could read of a visit; none when they could read nothing."""
    if not any(_reads(near, visit, person_id) for person_id in new_evaluators):
        return
    for note in near.children("notes", "visit_id", visit["id"]):
        if note["state"] == "released":
            yield system_change(cause, near, "notes", note["id"], state="retracted")
    if scopes.ids(visit, "released_group_ids") or scopes.ids(visit, "released_people_ids"):
        yield system_change(cause, near, "visits", visit["id"], released_group_ids=[], released_people_ids=[])


def _reads(near: Near, visit: Record, person_id: str) -> bool:
    named = (*scopes.ids(visit, "observer_ids"), *scopes.ids(visit, "released_people_ids"))
    return person_id in named or any(
        near.in_scope(person_id, scope) for scope in scopes.groups(scopes.ids(visit, "released_group_ids"))
    )


def evaluated_among(near: Near, person_id: str, others: Collection[str]) -> set[str]:
    """Those who would sit with an evaluator of theirs if this person joined the others: they, or she herself."""
    evaluated = {person["id"] for person in near.children("people", "evaluator_ids", person_id)} & set(others)
    return evaluated | ({person_id} if scopes.evaluators(near, person_id) & set(others) else set())
