"""Role grants: administrators say what a person does here, and whom she evaluates, from when until when.

A grant gives nothing before its time and nothing after it, whatever her record says still; what others read because of
it follows within a minute. It is ended, never deleted: who granted and who ended it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.problems import Problem
from schemas.records.role_grants import EVALUATOR, RoleGrantSchema
from service.records import scopes
from service.records.checks import changed, checks, frozen, in_order, known, made_by, refused
from service.records.granting import about, stand
from service.records.rules import is_admin
from service.records.tables import holds, kind_table, moment, names, word
from sync.changes import Record
from sync.clock import moment as moment_of
from sync.clock import stamp
from sync.server.actor import Actor
from sync.server.kind import Effect, Kind, Near, Noted, Write

table = kind_table(
    "role_grants",
    names("person_id", "people", required=True),
    word("role", required=True),
    names("host_id", "people"),
    moment("from_at"),
    moment("until_at"),
    word("granted_by"),
    word("ended_by"),
    holds("role_grants_evaluator", "(role = 'evaluator') = (host_id IS NOT NULL)"),
)


def _evaluator_of_somebody_else(actor: Actor, write: Write, near: Near) -> Record | None:
    grant = write.after or {}
    if (grant["role"] == EVALUATOR) != bool(grant["host_id"]):
        raise refused(
            "host_id", "An evaluator is one of a host, and no other role is: name the host, or nobody."
        )
    if grant["host_id"] == grant["person_id"]:
        raise refused("host_id", "Nobody evaluates herself: name other people.")
    return None


def _past_stays(actor: Actor, write: Write, near: Near) -> Record | None:
    """What has begun began, and what has ended stays ended; an end that lies back is now."""
    before, grant, touched = write.before or {}, write.after or {}, changed(write)
    for name in sorted(touched & {"from_at", "until_at"}) if write.before else ():
        began = name == "from_at" and before[name] is None  # when it was granted
        if began or (before[name] is not None and moment_of(before[name]) <= near.now):
            raise refused(name, f"{name} is past: make another grant.", Problem.NOT_ALLOWED)
    late = "until_at" in touched and grant["until_at"] and moment_of(grant["until_at"]) < near.now
    return {**grant, "until_at": stamp(near.now)} if late else None


def _signed(actor: Actor, write: Write, near: Near) -> Record | None:
    """Who granted and who ended it is who did; what a client writes there is put back."""
    if actor.is_system:
        return None
    before, grant = write.before or {"granted_by": actor.person_id, "ended_by": None}, write.after or {}
    ends = "until_at" in changed(write)
    signed = {"granted_by": before["granted_by"], "ended_by": actor.person_id if ends else before["ended_by"]}
    return {**grant, **signed}


def _effects(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    grant = write.after or {}
    return [*_noted(actor, write, grant), *stand(write, near, about(grant))]


def _noted(actor: Actor, write: Write, grant: Record) -> Iterator[Effect]:
    said = {"grant_id": write.id, "person_id": grant["person_id"], "role": grant["role"]}
    until = {"until": grant["until_at"]} if grant["until_at"] else {}
    if write.before is None:
        yield Noted("role_granted", said | until | {"by": grant["granted_by"] or actor.person_id})
    elif "until_at" in changed(write):
        yield Noted("role_ended", said | until | {"by": grant["ended_by"] or actor.person_id})


KIND = Kind(
    name="role_grants",
    table=table,
    schema=RoleGrantSchema(),
    audience=lambda grant, near: {scopes.TENANT},
    may_write=is_admin,
    check=checks(
        made_by(is_admin, "Only an administrator grants roles."),
        frozen("person_id", "role", "host_id"),
        known("people", "person_id", "host_id"),
        _evaluator_of_somebody_else,
        _past_stays,
        in_order("from_at", "until_at"),
        _signed,
    ),
    effects=_effects,
)
