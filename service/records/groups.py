"""Groups. Everyone knows of studios and networks; of a team or a coaching relation only those in it, or invited to it."""

from __future__ import annotations

from collections.abc import Iterable

from observation_tools.states import STUDIO
from schemas.records.groups import GroupSchema
from service.records import scopes
from service.records.checks import changed, checks, frozen, known, made_by, refused
from service.records.memberships import membership_id
from service.records.rules import Rule, is_admin, is_person, moves
from service.records.system import system_change
from service.records.tables import kind_table, names, state, word, words
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Effect, Kind, Near, Write

OPEN_TO_ALL = frozenset({"studio", "network"})

table = kind_table(
    "groups",
    words("name", required=True),
    word("group_type", required=True),
    words("question"),
    names("lead_id", "people"),
    state(),
)

leads_it_now = Rule(
    lambda actor, group, near: (near.record("groups", group["id"]) or group).get("lead_id") == actor.person_id
)
"""The lead as the group stands before the change, so that she can hand it on."""


def _audience(group: Record, near: Near) -> set[str]:
    if group["group_type"] in OPEN_TO_ALL:
        return {scopes.TENANT}
    scope = scopes.group(group["id"])
    invited = [m["person_id"] for m in scopes.memberships_of(near, scope) if m["state"] == "invited"]
    return {scope} | scopes.people(group.get("lead_id"), *invited)


def _studio_has_question(actor: Actor, write: Write, near: Near) -> Record | None:
    group = write.after or {}
    if group["group_type"] == "studio" and not (group.get("question") or "").strip():
        raise refused("question", "A studio begins with a question: write what you want to find out.")
    return None


def _lead_is_one_of_them(actor: Actor, write: Write, near: Near) -> Record | None:
    lead_id = (write.after or {}).get("lead_id")
    if "lead_id" not in changed(write) or lead_id == actor.person_id or actor.is_system:
        return None
    if lead_id is None:
        raise refused("lead_id", "A group has a lead: name a member.")
    if not near.in_scope(lead_id, scopes.group(write.id)):
        raise refused("lead_id", "Only a member can lead the group: invite the person first.")
    return None


def _studio_led_by_teacher(actor: Actor, write: Write, near: Near) -> Record | None:
    group = write.after or {}
    if group["group_type"] != "studio" or "lead_id" not in changed(write):
        return None
    lead = near.record("people", group.get("lead_id"))
    if lead is None or "teacher" not in scopes.ids(lead, "roles"):
        raise refused("lead_id", "A studio is led by a teacher: name one as its lead.")
    return None


def _effects(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    lead_id = (write.after or {}).get("lead_id")
    if not lead_id or "lead_id" not in changed(write):
        return
    memberships = scopes.memberships_of(near, scopes.group(write.id))
    current = [membership for membership in memberships if scopes.is_member(membership)]
    for membership in current:
        role = "lead" if membership["person_id"] == lead_id else "member"
        if role != membership.get("role") and "lead" in (role, membership.get("role")):
            yield system_change(write, near, "memberships", membership["id"], role=role)
    if lead_id not in {membership["person_id"] for membership in current}:
        fields = {"person_id": lead_id, "group_id": write.id, "role": "lead", "state": "enrolled"}
        past = sum(membership["person_id"] == lead_id for membership in memberships)
        yield system_change(write, near, "memberships", membership_id(write.id, lead_id, past), **fields)


KIND = Kind(
    name="groups",
    table=table,
    schema=GroupSchema(),
    read_scope="people:read",
    audience=_audience,
    policies={"question": Policy.TEXT, "state": Policy.STATE},
    machine=STUDIO,
    may_write=leads_it_now | is_admin,
    may_move=moves(
        STUDIO, {f"{before} > {after}": leads_it_now | is_admin for before, after in STUDIO.edges}
    ),
    check=checks(
        made_by(is_person("lead_id") | is_admin, "Whoever makes a group leads it."),
        frozen("group_type"),
        known("people", "lead_id"),
        _studio_has_question,
        _studio_led_by_teacher,
        _lead_is_one_of_them,
    ),
    effects=_effects,
)
