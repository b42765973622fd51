"""Memberships: administrators place people in schools; into a studio people enrol themselves, or are invited and decide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from observation_tools.states import STUDIO_MEMBER
from schemas.problems import Problem, Refused
from schemas.records.memberships import MembershipSchema
from service.records import scopes
from service.records.checks import changed, checks, frozen, known, refused
from service.records.evaluators import evaluated_among, kept_apart
from service.records.rules import Rule, is_admin, is_person, moves, of
from service.records.system import system_change
from service.records.tables import holds, kind_table, names, state, word
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Effect, Grant, Kind, Near, Write

SELF_ENROLLED = frozenset({"studio", "coaching"})
"""Groups that nobody is put into by another."""
KEPT_APART = frozenset({"studio", "team"})
"""Groups in which nobody sits with her evaluator, whatever is released to them."""

table = kind_table(
    "memberships",
    names("person_id", "people", required=True),
    names("school_id", "schools"),
    names("group_id", "groups"),
    word("role"),
    state(),
    holds("memberships_of_one", "num_nonnulls(school_id, group_id) = 1"),
)


def membership_id(group_id: str, person_id: str, past: int = 0) -> str:
    """The id of the membership that the service makes for a group's lead; who has left begins a new one."""
    return f"member-{hashlib.sha256(f'{group_id}/{person_id}/{past}'.encode()).hexdigest()[:32]}"


is_she = is_person("person_id")
leads_group = of("group_id", "groups", is_person("lead_id"))
of_school = Rule(lambda actor, membership, near: bool(membership.get("school_id")))
of_roster_group = of(
    "group_id", "groups", Rule(lambda actor, group, near: group["group_type"] not in SELF_ENROLLED)
)
keeps_roster = (of_school & is_admin) | (of_roster_group & (leads_group | is_admin))
"""Administrators of schools, teams and networks, and the leads of these, put people in and take them out."""
of_group = Rule(lambda actor, membership, near: bool(membership.get("group_id")))
decides = (of_group & is_she) | keeps_roster


def _scope(membership: Record) -> str:
    return (
        scopes.group(membership["group_id"])
        if membership.get("group_id")
        else scopes.school(membership["school_id"])
    )


def _audience(membership: Record, near: Near) -> set[str]:
    if not membership.get("group_id"):
        return {scopes.TENANT}
    group = near.record("groups", membership["group_id"]) or {}
    return {_scope(membership)} | scopes.people(membership["person_id"], group.get("lead_id"))


def _of_exactly_one(actor: Actor, write: Write, near: Near) -> Record | None:
    membership = write.after or {}
    if bool(membership.get("school_id")) == bool(membership.get("group_id")):
        raise refused("group_id", "A membership is of one school or of one group: name exactly one of them.")
    return None


def _enrols_herself(actor: Actor, write: Write, near: Near) -> Record | None:
    membership = write.after or {}
    if write.before is None and not (decides | leads_group)(actor, membership, near):
        raise Refused(
            Problem.SELF_ENROLMENT_ONLY, "People join this group themselves; its lead may invite them."
        )
    return None


def _lead_says_who_leads(actor: Actor, write: Write, near: Near) -> Record | None:
    membership = write.after or {}
    if (
        "role" in changed(write)
        and membership["role"] == "lead"
        and not (leads_group | is_admin)(actor, membership, near)
    ):
        raise refused("role", "The lead says who leads: choose member or guest.", Problem.NOT_ALLOWED)
    return None


def _group_takes_members(actor: Actor, write: Write, near: Near) -> Record | None:
    membership = write.after or {}
    group = near.record("groups", membership.get("group_id"))
    if group is None or not _enters(write) or actor.person_id != membership["person_id"]:
        return None
    was_invited = write.before is not None
    if group["state"] not in {"open", "running"} and not (was_invited and group["state"] == "proposed"):
        raise refused(
            "group_id",
            f"The group takes no members while it is {group['state']}: ask its lead.",
            Problem.NOT_ALLOWED,
        )
    return None


def _apart_from_evaluators(actor: Actor, write: Write, near: Near) -> Record | None:
    membership = write.after or {}
    group = near.record("groups", membership.get("group_id"))
    if (
        group is None
        or "state" not in changed(write)
        or membership["state"] not in scopes.MEMBER_STATES | {"invited"}
    ):
        return None
    members = scopes.members(near, _scope(membership))
    hosts = evaluated_among(near, membership["person_id"], members)
    apart = hosts | kept_apart(near, membership["person_id"], members)
    if (hosts and group["group_type"] in KEPT_APART) or _anything_released(near, group["id"], apart):
        raise refused(
            "person_id",
            "Somebody evaluates another member of this group: one of them can be in it.",
            Problem.EVALUATOR_EXCLUDED,
        )
    return None


def _anything_released(near: Near, group_id: str, hosts: Iterable[str]) -> bool:
    visits = (visit for host_id in hosts for visit in near.children("visits", "host_id", host_id))
    return any(group_id in scopes.ids(visit, "released_group_ids") for visit in visits)


def _enters(write: Write) -> bool:
    return scopes.is_member(write.after or {"state": None}) and not (
        write.before and scopes.is_member(write.before)
    )


def _leaves(write: Write) -> bool:
    return bool(write.before and scopes.is_member(write.before)) and not scopes.is_member(
        write.after or {"state": None}
    )


def _effects(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    membership = write.after or write.before or {}
    scope, person_id = _scope(membership), membership["person_id"]
    if _enters(write):
        yield Grant(person_id, scope)
    elif _leaves(write) and person_id not in scopes.members(near, scope):
        yield Grant(person_id, scope, active=False)
    if _enters(write) or _leaves(write):
        yield from _invitations_asked_anew(write, near, membership)
    if membership.get("group_id") and "state" in changed(write):
        yield system_change(write, near, "groups", membership["group_id"])  # whoever is invited may see it


def _invitations_asked_anew(write: Write, near: Near, membership: Record) -> Iterator[Effect]:
    """Invitations that leave somebody out name their readers one by one, so they follow who joins and who leaves."""
    field = "group_ids" if membership.get("group_id") else "school_ids"
    for invitation in near.children(
        "invitations", field, membership.get("group_id") or membership["school_id"]
    ):
        if scopes.ids(invitation, "excluded_ids"):
            yield system_change(write, near, "invitations", invitation["id"])


KIND = Kind(
    name="memberships",
    table=table,
    schema=MembershipSchema(),
    read_scope="people:read",
    audience=_audience,
    parents={"school_id": "schools", "group_id": "groups"},
    policies={"state": Policy.STATE},
    machine=STUDIO_MEMBER,
    may_write=(of_group & (is_she | leads_group)) | is_admin,
    may_move=moves(
        STUDIO_MEMBER,
        {
            "invited > enrolled": decides,
            "invited > declined": decides,
            "enrolled > active": decides | leads_group,
            "active > completed": decides | leads_group,
            "active > left": decides,
        },
    ),
    check=checks(
        _of_exactly_one,
        _enrols_herself,
        frozen("person_id", "school_id", "group_id"),
        known("people", "person_id"),
        _lead_says_who_leads,
        _group_takes_members,
        _apart_from_evaluators,
    ),
    effects=_effects,
)
