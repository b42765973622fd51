"""Visits: the host's and her observers'. The host alone lets others read, and never her evaluators."""

from __future__ import annotations

from collections.abc import Iterable

from observation_tools.states import VISIT
from schemas.problems import Problem, Refused
from schemas.records.seats import seat_id
from schemas.records.visits import VisitSchema
from service.records import scopes
from service.records.checks import added, checks, frozen, in_order, known, only, refused
from service.records.rules import Rule, is_among, is_host, moves
from service.records.seating import SEATED
from service.records.tables import holds, ids, kind_table, moment, names, state, whole, words
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Kind, Near, Write

RELEASED = ("released_group_ids", "released_people_ids")

table = kind_table(
    "visits",
    names("host_id", "people", required=True),
    names("invitation_id", "invitations"),
    ids("observer_ids"),
    words("focus"),
    moment("planned_at"),
    moment("started_at"),
    moment("ended_at"),
    whole("clock_offset_ms"),
    state(),
    *(ids(field) for field in RELEASED),
    holds("visits_times", "ended_at >= started_at"),
)


def has_seat(near: Near, visit: Record, person_id: str) -> bool:
    """Whether the person has said yes to the invitation of the visit, and has a seat."""
    invitation_id = visit.get("invitation_id")
    seat = near.record("seats", seat_id(invitation_id, person_id)) if invitation_id else None
    return seat is not None and seat["state"] in SEATED


observes = is_among("observer_ids")
is_seated_guest = Rule(lambda actor, visit, near: has_seat(near, visit, actor.person_id))


def released_to(visit: Record) -> set[str]:
    """The scopes to which the host has released the visit."""
    return scopes.groups(scopes.ids(visit, "released_group_ids")) | scopes.people(
        *scopes.ids(visit, "released_people_ids")
    )


def host_and_observers(visit: Record) -> set[str]:
    """The scopes of those who were there."""
    return scopes.people(visit["host_id"], *scopes.ids(visit, "observer_ids"))


def without_evaluators(readers: set[str], visit: Record, near: Near) -> set[str]:
    """These scopes, but for who evaluates the host and was not let in again by her."""
    return readers - scopes.people(*scopes.kept_out(near, visit["host_id"]))


def _audience(visit: Record, near: Near) -> set[str]:
    return without_evaluators(host_and_observers(visit) | released_to(visit), visit, near)


def visit_people(record: Record, near: Near) -> set[str]:
    """The audience of what belongs to those who were there: of debriefs and next steps."""
    visit = near.record("visits", record["visit_id"])
    return without_evaluators(host_and_observers(visit), visit, near) if visit else set()


def _of_its_invitation(actor: Actor, write: Write, near: Near) -> Record | None:
    visit = write.after or {}
    invitation = near.record("invitations", visit.get("invitation_id"))
    if write.before is None and invitation is not None and invitation["host_id"] != visit["host_id"]:
        raise refused("host_id", "Another host made this invitation: name her, or leave the invitation away.")
    return None


def _made_by_who_was_there(actor: Actor, write: Write, near: Near) -> Record | None:
    visit = write.after or {}
    if write.before is None and not (is_host | (is_seated_guest & observes))(actor, visit, near):
        raise Refused(
            Problem.SEAT_REQUIRED,
            "Claim a seat of the host's invitation first; for a drop-in the host makes the visit.",
        )
    return None


def _observers_have_seats(actor: Actor, write: Write, near: Near) -> Record | None:
    visit = write.after or {}
    for person_id in added(write, "observer_ids"):
        if person_id == visit["host_id"]:
            raise refused("observer_ids", "The host does not observe herself: name the guests only.")
        if visit.get("invitation_id") and not has_seat(near, visit, person_id):
            raise refused(
                "observer_ids",
                "Only a guest with an accepted seat observes: let her claim one.",
                Problem.SEAT_REQUIRED,
            )
    return None


def _drop_in_by_host(actor: Actor, write: Write, near: Near) -> Record | None:
    visit, newcomers = write.after or {}, added(write, "observer_ids")
    if visit.get("invitation_id") or not newcomers:
        return None
    if not is_host(actor, visit, near):
        raise refused("observer_ids", "In a drop-in the host says who comes: ask her.", Problem.NOT_ALLOWED)
    _keep_out(
        near, visit, newcomers, "observer_ids", "Who evaluates you does not drop in: invite her, if you wish."
    )
    return None


def _leaves_by_herself(actor: Actor, write: Write, near: Near) -> Record | None:
    before = scopes.ids(write.before or {}, "observer_ids")
    gone = set(before) - set(scopes.ids(write.after or {}, "observer_ids"))
    if gone - {actor.person_id} and not is_host(actor, write.after or {}, near):
        raise refused(
            "observer_ids",
            "Only the host, or the observer herself, takes an observer out.",
            Problem.NOT_ALLOWED,
        )
    return None


def _released_to_colleagues(actor: Actor, write: Write, near: Near) -> Record | None:
    visit = write.after or {}
    said = "Who evaluates you does not read your visits: choose other readers."
    _keep_out(near, visit, added(write, "released_people_ids"), "released_people_ids", said)
    for group_id in added(write, "released_group_ids"):
        scope = scopes.group(group_id)
        if not near.in_scope(visit["host_id"], scope):  # alike where there is none: it may be hidden from her
            raise refused(
                "released_group_ids", "You are not in this group: choose one of yours.", Problem.NOT_ALLOWED
            )
        _keep_out(
            near,
            visit,
            scopes.members(near, scope),
            "released_group_ids",
            f"In this group is somebody who evaluates you. {said}",
        )
    return None


def _keep_out(near: Near, visit: Record, person_ids: Iterable[str], field: str, message: str) -> None:
    if not scopes.kept_out(near, visit["host_id"]).isdisjoint(person_ids):
        raise refused(field, message, Problem.EVALUATOR_EXCLUDED)


there = is_host | observes

KIND = Kind(
    name="visits",
    table=table,
    schema=VisitSchema(),
    read_scope="visits:read.own",
    write_scope="visits:write",
    audience=_audience,
    parents={"invitation_id": "invitations"},
    policies={"focus": Policy.TEXT, "state": Policy.STATE, "observer_ids": Policy.SET}
    | dict.fromkeys(RELEASED, Policy.SET),
    machine=VISIT,
    may_write=is_host | observes | is_seated_guest,
    may_move=moves(
        VISIT,
        {
            "planned > under_way": there,
            "under_way > captured": there,
            "captured > shared": observes,
            "shared > debriefed": there,
            "debriefed > closed": there,
            "planned > cancelled": there,
        },
    ),
    check=checks(
        frozen("host_id", "invitation_id"),
        known("people", "host_id", "observer_ids", "released_people_ids"),
        _of_its_invitation,
        _made_by_who_was_there,
        _observers_have_seats,
        _drop_in_by_host,
        _leaves_by_herself,
        only(is_host, *RELEASED, message="Only the host says who else reads this visit."),
        _released_to_colleagues,
        in_order("started_at", "ended_at"),
    ),
    read_logged=True,
)
