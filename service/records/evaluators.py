"""What it means that somebody evaluates a host: she reads nothing of the host's visits, and sits in no studio with her.

A visit that such a person could read is paused: its released notes are taken back until the host decides again. The host
is asked (`pauses`): keep her out, or let her see again? That she evaluates the host no more answers nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator

from service.records import scopes
from service.records.system import system_change
from sync.changes import Change, Record
from sync.clock import stamp
from sync.server.kind import Effect, Near, Noted, Write


def pause(cause: Write, near: Near, visit: Record, new_evaluators: Iterable[str]) -> Iterator[Change]:
    """The changes that take back what these people could read of a visit; none when they could read nothing."""
    if not any(_reads(near, visit, person_id) for person_id in new_evaluators):
        return
    for note in near.children("notes", "visit_id", visit["id"]):
        if note["state"] == "released":
            yield system_change(cause, near, "notes", note["id"], state="retracted")
    if scopes.ids(visit, "released_group_ids") or scopes.ids(visit, "released_people_ids"):
        yield system_change(cause, near, "visits", visit["id"], released_group_ids=[], released_people_ids=[])


def ask_host(write: Write, near: Near) -> Iterator[Effect]:
    """The question to a person about each new evaluator of hers; of one that ends, only that it ended."""
    before, after = (set(scopes.ids(one or {}, "evaluator_ids")) for one in (write.before, write.after))
    for evaluator_id in sorted(after - before):
        yield _asked(write, near, evaluator_id)
        yield Noted("evaluator_began", {"host_id": write.id, "person_id": evaluator_id})
    for evaluator_id in sorted(before - after):
        pause_id = _pause_id(write.id, evaluator_id)
        if near.record("pauses", pause_id):
            yield system_change(write, near, "pauses", pause_id, ended_at=stamp(near.now))
        yield Noted("evaluator_ended", {"host_id": write.id, "person_id": evaluator_id})


def _asked(write: Write, near: Near, evaluator_id: str) -> Change:
    pause_id, began = _pause_id(write.id, evaluator_id), {"began_at": stamp(near.now), "ended_at": None}
    whose = {} if near.record("pauses", pause_id) else {"person_id": write.id, "evaluator_id": evaluator_id}
    return system_change(write, near, "pauses", pause_id, **whose, **began, state="asked")


def _pause_id(host_id: str, evaluator_id: str) -> str:
    """One for two people: who evaluates a host again is asked about again."""
    return f"pause-{hashlib.sha256(f'{host_id}/{evaluator_id}'.encode()).hexdigest()[:32]}"


def _reads(near: Near, visit: Record, person_id: str) -> bool:
    named = (*scopes.ids(visit, "observer_ids"), *scopes.ids(visit, "released_people_ids"))
    return person_id in named or any(
        near.in_scope(person_id, scope) for scope in scopes.groups(scopes.ids(visit, "released_group_ids"))
    )


def evaluated_among(near: Near, person_id: str, others: Collection[str]) -> set[str]:
    """Those who would sit with an evaluator of theirs if this person joined the others: they, or she herself."""
    evaluated = {person["id"] for person in near.children("people", "evaluator_ids", person_id)} & set(others)
    return evaluated | ({person_id} if scopes.evaluators(near, person_id) & set(others) else set())


def kept_apart(near: Near, person_id: str, others: Collection[str]) -> set[str]:
    """Those among the others who keep this person out, or she them, also though nobody evaluates anybody any more."""
    keeping = {pause["person_id"] for pause in near.children("pauses", "evaluator_id", person_id)} & set(
        others
    )
    hosts = {host_id for host_id in keeping if person_id in scopes.kept_out(near, host_id)}
    return hosts | ({person_id} if scopes.kept_out(near, person_id) & set(others) else set())
