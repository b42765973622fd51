"""People: everyone in the tenant knows their colleagues' names; administrators write roles and who evaluates whom.

Both say what stands now. From when and until when is in `role_grants`, which follow what is written here, and lead it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.problems import Problem
from schemas.records.people import PersonSchema
from service.records import scopes
from service.records.checks import added, checks, known, made_by, only, refused
from service.records.evaluators import ask_host, pause
from service.records.granting import follow
from service.records.rules import is_admin, is_person
from service.records.tables import ids, kind_table, words
from sync.changes import Record
from sync.server.actor import Actor
from sync.server.kind import Effect, Grant, Kind, Near, Noted, Write

table = kind_table("people", words("display_name", required=True), ids("roles"), ids("evaluator_ids"))


def _never_herself(actor: Actor, write: Write, near: Near) -> Record | None:
    if write.id in scopes.ids(write.after or {}, "evaluator_ids"):
        raise refused("evaluator_ids", "Nobody evaluates herself: name other people.", Problem.INVALID_RECORD)
    return None


def _effects(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    if write.before is None:
        yield Grant(write.id, scopes.TENANT)
        yield Grant(write.id, scopes.person(write.id))
    yield from follow(actor, write, near)
    yield from _pauses(write, near)
    if not actor.is_system and actor.person_id != write.id:
        act = "person_added" if write.before is None else "person_changed"
        yield Noted(act, {"person_id": write.id})


def _pauses(write: Write, near: Near) -> Iterator[Effect]:
    """What is paused before it is asked about: the visits are asked anew once her evaluators are kept out of them."""
    yield from ask_host(write, near)
    new = added(write, "evaluator_ids")
    if write.before is not None and new:
        for visit in near.children("visits", "host_id", write.id):
            yield from pause(write, near, visit, new)


KIND = Kind(
    name="people",
    table=table,
    schema=PersonSchema(),
    read_scope="people:read",
    audience=lambda person, near: {scopes.TENANT},
    may_write=is_admin | is_person("id"),
    check=checks(
        made_by(is_admin, "Only an administrator adds people."),
        only(
            is_admin,
            "roles",
            "evaluator_ids",
            message="Only an administrator writes roles and who evaluates whom.",
        ),
        known("people", "evaluator_ids"),
        _never_herself,
    ),
    effects=_effects,
)
