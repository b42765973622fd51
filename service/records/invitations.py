"""Invitations: the root of every visit. The host writes hers; those whom she addresses read it, but never whom she leaves out."""

from __future__ import annotations

from collections.abc import Iterable

from observation_tools.states import INVITATION
from schemas.records.invitations import InvitationSchema
from service.records import scopes
from service.records.checks import added, alone, checks, frozen, in_order, known, refused
from service.records.rules import in_state, is_host, moves
from service.records.seating import rebalance, taken
from service.records.tables import flag, holds, ids, kind_table, moment, names, state, whole, words
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Effect, Kind, Near, Write

SETS = ("people_ids", "group_ids", "school_ids", "excluded_ids")
OPEN_GROUPS = frozenset({"studio", "network"})
"""Groups that everyone knows of, and may therefore invite."""

table = kind_table(
    "invitations",
    names("host_id", "people", required=True),
    names("school_id", "schools"),
    words("look_for"),
    words("note"),
    words("place"),
    moment("starts_at"),
    moment("ends_at"),
    whole("seats"),
    flag("next_steps_welcome"),
    *(ids(field) for field in SETS),
    flag("to_tenant"),
    state(),
    holds("invitations_seats", "seats BETWEEN 1 AND 100"),
    holds("invitations_times", "ends_at >= starts_at"),
)


def _audience(invitation: Record, near: Near) -> set[str]:
    host = scopes.people(invitation["host_id"])
    if invitation["state"] == "draft":
        return host
    excluded = set(scopes.ids(invitation, "excluded_ids"))
    guests = {seat["person_id"] for seat in near.children("seats", "invitation_id", invitation["id"])}
    readers = scopes.people(*(guests | set(scopes.ids(invitation, "people_ids"))) - excluded)
    for scope in _addressed(invitation):
        readers |= _without(near, scope, excluded)
    return host | readers | ({scopes.TENANT} if invitation.get("to_tenant") else set())


def _addressed(invitation: Record) -> set[str]:
    schools = {scopes.school(school_id) for school_id in scopes.ids(invitation, "school_ids")}
    return schools | scopes.groups(scopes.ids(invitation, "group_ids"))


def _without(near: Near, scope: str, excluded: set[str]) -> set[str]:
    """The scope; or, when somebody who is left out is in it, its other members one by one."""
    members = scopes.members(near, scope) if excluded else set()
    return {scope} if members.isdisjoint(excluded) else scopes.people(*members - excluded)


def _everyone_is_everyone(actor: Actor, write: Write, near: Near) -> Record | None:
    invitation = write.after or {}
    if invitation.get("to_tenant") and scopes.ids(invitation, "excluded_ids"):
        raise refused(
            "to_tenant", "An invitation to everyone leaves nobody out: address schools or groups instead."
        )
    return None


def _groups_she_knows(actor: Actor, write: Write, near: Near) -> Record | None:
    host_id = (write.after or {})["host_id"]
    for group_id in added(write, "group_ids"):
        group = near.record("groups", group_id)
        hers = near.in_scope(host_id, scopes.group(group_id))
        if group is None or not (hers or group["group_type"] in OPEN_GROUPS):
            raise refused(
                "group_ids",
                f"You are in no group with the id {group_id}: choose one of yours, a studio or a network.",
            )
    return None


def _seats_for_all_who_accepted(actor: Actor, write: Write, near: Near) -> Record | None:
    seats = (write.after or {}).get("seats")
    accepted = len(taken(near, write.id)) if write.before and seats is not None else 0
    if seats is not None and seats < accepted and seats != (write.before or {}).get("seats"):
        raise refused("seats", f"{accepted} guests have a seat: keep at least {accepted} seats.")
    return None


def _effects(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    return rebalance(write, near, write.id) if write.after else ()


KIND = Kind(
    name="invitations",
    table=table,
    schema=InvitationSchema(),
    read_scope="invitations:read",
    write_scope="invitations:write",
    audience=_audience,
    policies={"look_for": Policy.TEXT, "note": Policy.TEXT, "state": Policy.STATE}
    | dict.fromkeys(SETS, Policy.SET),
    machine=INVITATION,
    may_write=is_host,
    may_move=moves(
        INVITATION,
        {
            "draft > open": is_host,
            "open > full": is_host,  # on the way to closed: enough have said yes
            "full > closed": is_host,
            "open > cancelled": is_host,
            "full > cancelled": is_host,
        },
    ),
    may_delete=is_host & in_state("draft"),
    check=checks(
        frozen("host_id"),
        known("people", "host_id", "people_ids", "excluded_ids"),
        known("schools", "school_id", "school_ids"),
        _groups_she_knows,
        _everyone_is_everyone,
        in_order("starts_at", "ends_at"),
        _seats_for_all_who_accepted,
        on_delete=alone(("seats", "invitation_id"), ("visits", "invitation_id")),
    ),
    effects=_effects,
)
