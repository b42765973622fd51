"""What one change brings about elsewhere: grants, seats that move up, visits that are paused, audiences asked anew."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.records.seats import seat_id
from service.records.memberships import membership_id
from service.records.visit_requests import invitation_of
from sync.server.kind import Effect
from tests.records.cast import ADMIN, HANA, NORA, OLGA, OTTO, SEAT_OF_NORA, SEAT_OF_OLGA, SEAT_OF_OTTO
from tests.records.world import SYSTEM, World, told

CLAIM = {"invitation_id": "open-door", "person_id": "nora", "state": "accepted"}
ASKED_ANEW: tuple[str, str, dict[str, str]] = ("invitations", "open-door", {})
NOW_FULL, NOW_OPEN = (
    ("invitations", "open-door", {"state": "full"}),
    ("invitations", "open-door", {"state": "open"}),
)


def test_a_new_person_enters_her_own_scope_and_the_tenants(world: World) -> None:
    told_of = told(world.effects(ADMIN, "people", "newcomer", display_name="N"))
    assert told_of == [
        ("grant", "newcomer", "tenant"),
        ("grant", "newcomer", "person/newcomer"),
        ("noted", "person_added", {"person_id": "newcomer"}),
    ]


def test_a_person_who_changes_her_name_brings_nothing_about(world: World) -> None:
    assert told(world.effects(NORA, "people", "nora", display_name="Nora N.")) == []


def on_visits(effects: list[Effect]) -> list[tuple[Any, ...]]:
    """What of it befalls visits and their notes."""
    return [one for one in told(effects) if one[0] in {"visits", "notes"}]


def test_a_visit_is_paused_when_a_named_reader_becomes_an_evaluator(world: World) -> None:
    world.visit(released_people_ids=["nora"])
    world.note("note-out", state="released")
    assert on_visits(world.effects(ADMIN, "people", "hana", evaluator_ids=["eva", "nora"])) == [
        ("notes", "note-out", {"state": "retracted"}),
        ("visits", "visit-one", {"released_group_ids": [], "released_people_ids": []}),
    ]


def test_a_visit_is_paused_when_a_member_of_a_reading_group_becomes_an_evaluator(world: World) -> None:
    world.visit(released_group_ids=["studio-one"])
    assert on_visits(world.effects(ADMIN, "people", "hana", evaluator_ids=["nora"])) == [
        ("visits", "visit-one", {"released_group_ids": [], "released_people_ids": []}),
    ]


def test_released_notes_are_paused_when_an_observer_becomes_an_evaluator(world: World) -> None:
    world.note("note-out", state="released")
    paused = on_visits(world.effects(ADMIN, "people", "hana", evaluator_ids=["olga"]))
    assert paused == [("notes", "note-out", {"state": "retracted"})]


def test_a_visit_that_the_new_evaluator_does_not_read_stays(world: World) -> None:
    world.visit(released_people_ids=["otto"])
    world.note("note-out", state="released")
    assert on_visits(world.effects(ADMIN, "people", "hana", evaluator_ids=["eva", "nora"])) == []
    assert on_visits(world.effects(ADMIN, "people", "hana", evaluator_ids=[])) == []


def test_a_new_evaluator_is_dated_asked_about_and_noted(world: World) -> None:
    came = told(world.effects(ADMIN, "people", "hana", evaluator_ids=["eva", "nora"]))
    assert [(one[0], *sorted(one[2])) for one in came] == [
        ("role_grants", "granted_by", "host_id", "person_id", "role"),
        ("pauses", "began_at", "ended_at", "evaluator_id", "person_id", "state"),
        ("noted", "host_id", "person_id"),
        ("noted", "person_id"),
    ]
    assert came[0][2]["granted_by"] == "anna"


def test_a_lead_becomes_a_member_of_her_new_group(world: World) -> None:
    studio = {"name": "S", "group_type": "studio", "question": "Why?", "lead_id": "nora"}
    membership = {"person_id": "nora", "group_id": "studio-new", "role": "lead", "state": "enrolled"}
    assert told(world.effects(NORA, "groups", "studio-new", **studio)) == [
        ("memberships", membership_id("studio-new", "nora"), membership)
    ]


def test_a_lead_who_comes_back_begins_a_new_membership(world: World) -> None:
    world.member("studio-one", "anna", state="left")
    ((_, record_id, fields),) = told(world.effects(ADMIN, "groups", "studio-one", lead_id="anna"))
    assert record_id == membership_id("studio-one", "anna", past=1)
    assert fields["state"] == "enrolled"


def test_a_group_that_is_handed_on_changes_two_roles(world: World) -> None:
    world.member("studio-one", "hana", role="lead")
    assert told(world.effects(HANA, "groups", "studio-one", lead_id="nora")) == [
        ("memberships", "hana-in-studio-one", {"role": "member"}),
        ("memberships", "nora-in-studio-one", {"role": "lead"}),
    ]


def test_joining_and_leaving_a_group(world: World) -> None:
    joins = {"person_id": "otto", "group_id": "studio-one", "state": "enrolled"}
    asked: tuple[str, str, dict[str, str]] = ("groups", "studio-one", {})
    assert told(world.effects(OTTO, "memberships", "otto-joins", **joins)) == [
        ("grant", "otto", "group/studio-one"),
        asked,
    ]
    assert told(world.effects(OTTO, "memberships", "otto-joins", state="active")) == [asked]
    assert told(world.effects(OTTO, "memberships", "otto-joins", state="completed")) == [asked]
    assert told(world.effects(OTTO, "memberships", "otto-joins", role="guest")) == []
    assert told(world.effects(OTTO, "memberships", "otto-joins", state="left")) == [
        ("revoke", "otto", "group/studio-one"),
        asked,
    ]


def test_an_invited_member_is_let_in_nowhere(world: World) -> None:
    invites = {"person_id": "otto", "group_id": "studio-one"}
    assert told(world.effects(HANA, "memberships", "otto-asked", **invites)) == [("groups", "studio-one", {})]


def test_leaving_once_of_two_memberships_revokes_nothing(world: World) -> None:
    world.member("studio-one", "nora", state="active")
    world.put("memberships", "nora-again", person_id="nora", group_id="studio-one", state="enrolled")
    left = told(world.effects(NORA, "memberships", "nora-in-studio-one", state="left"))
    assert left == [("groups", "studio-one", {})]


def test_invitations_that_leave_somebody_out_follow_who_joins(world: World) -> None:
    world.invitation(group_ids=["studio-one"], excluded_ids=["paul"])
    world.invitation("plain-door", group_ids=["studio-one"])
    joins = {"person_id": "otto", "group_id": "studio-one", "state": "enrolled"}
    assert ASKED_ANEW in told(world.effects(OTTO, "memberships", "otto-joins", **joins))
    assert ("invitations", "plain-door", {}) not in told(
        world.effects(OTTO, "memberships", "otto-joins", state="left")
    )


def test_invitations_to_a_school_follow_too(world: World) -> None:
    world.invitation(school_ids=["school-one"], excluded_ids=["paul"])
    placed = {"person_id": "otto", "school_id": "school-one", "state": "active"}
    assert told(world.effects(ADMIN, "memberships", "otto-at-one", **placed)) == [
        ("grant", "otto", "school/school-one"),
        ASKED_ANEW,
    ]


def test_the_last_seat_fills_the_invitation(world: World) -> None:
    assert told(world.effects(NORA, "seats", SEAT_OF_NORA, **CLAIM)) == [ASKED_ANEW, NOW_FULL]


def test_an_invited_guest_comes_to_see_the_invitation(world: World) -> None:
    assert told(world.effects(HANA, "seats", SEAT_OF_NORA, **CLAIM | {"state": "invited"})) == [ASKED_ANEW]


def test_a_freed_seat_opens_the_invitation(world: World) -> None:
    world.invitation(seats=1, state="full")
    assert told(world.effects(OLGA, "seats", SEAT_OF_OLGA, state="withdrawn")) == [NOW_OPEN]


def test_a_freed_seat_goes_to_who_waits_longest(world: World) -> None:
    world.invitation(seats=1, state="full")
    world.seat("otto", "waitlisted", created_at="2026-11-21T09:31:00.000Z")
    world.seat("nora", "waitlisted", created_at="2026-11-21T09:30:30.000Z")
    freed = told(world.effects(OLGA, "seats", SEAT_OF_OLGA, state="withdrawn"))
    assert freed == [("seats", SEAT_OF_NORA, {"state": "accepted"})]


def test_of_two_who_came_at_once_the_smaller_id_moves_up(world: World) -> None:
    world.invitation(seats=1, state="full")
    world.seat("otto", "waitlisted")
    world.seat("nora", "waitlisted")
    freed = told(world.effects(OLGA, "seats", SEAT_OF_OLGA, state="withdrawn"))
    assert freed == [("seats", min(SEAT_OF_NORA, SEAT_OF_OTTO), {"state": "accepted"})]


def test_who_is_moved_up_by_the_service_starts_nothing_again(world: World) -> None:
    world.invitation(seats=1, state="full")
    world.seat("nora", "waitlisted")
    assert world.effects(SYSTEM, "seats", SEAT_OF_NORA, state="accepted") == []


def test_more_seats_move_the_waiting_list_up(world: World) -> None:
    world.invitation(seats=1, state="full")
    world.seat("nora", "waitlisted", created_at="2026-11-21T09:30:30.000Z")
    world.seat("otto", "waitlisted", created_at="2026-11-21T09:31:00.000Z")
    assert told(world.effects(HANA, "invitations", "open-door", seats=2)) == [
        ("seats", SEAT_OF_NORA, {"state": "accepted"})
    ]


def test_no_limit_any_more_lets_all_in(world: World) -> None:
    world.invitation(seats=1, state="full")
    world.seat("nora", "waitlisted", created_at="2026-11-21T09:30:30.000Z")
    world.seat("otto", "waitlisted", created_at="2026-11-21T09:31:00.000Z")
    assert told(world.effects(HANA, "invitations", "open-door", seats=None)) == [
        ("seats", SEAT_OF_NORA, {"state": "accepted"}),
        ("seats", SEAT_OF_OTTO, {"state": "accepted"}),
        NOW_OPEN,
    ]


@pytest.mark.parametrize("state", ["closed", "cancelled", "expired"])
def test_nobody_moves_up_when_the_door_is_shut(world: World, state: str) -> None:
    world.invitation(seats=1, state=state)
    world.seat("nora", "waitlisted")
    assert told(world.effects(OLGA, "seats", SEAT_OF_OLGA, state="withdrawn")) == []


def test_an_accepted_request_opens_a_door_with_a_seat(world: World) -> None:
    asked = {"requester_id": "nora", "host_id": "hana", "wanted_at": "2026-11-23T09:00:00.000Z"}
    world.put("visit_requests", "may-i-come", message="Your debates?", **asked)
    door = invitation_of("may-i-come")
    assert told(world.effects(HANA, "visit_requests", "may-i-come", state="accepted")) == [
        (
            "invitations",
            door,
            {
                "host_id": "hana",
                "starts_at": "2026-11-23T09:00:00.000Z",
                "seats": 1,
                "people_ids": ["nora"],
                "state": "open",
            },
        ),
        (
            "seats",
            seat_id(door, "nora"),
            {"invitation_id": door, "person_id": "nora", "message": "Your debates?", "state": "accepted"},
        ),
    ]


def test_a_declined_request_opens_nothing(world: World) -> None:
    world.put("visit_requests", "may-i-come", requester_id="nora", host_id="hana")
    assert told(world.effects(HANA, "visit_requests", "may-i-come", state="declined")) == []


def test_effects_name_the_record_as_it_stands_as_their_base(world: World) -> None:
    world.invitation(seats=1)
    _, filled = world.effects(NORA, "seats", SEAT_OF_NORA, **CLAIM)
    assert getattr(filled, "base_fields", None) == world.records["invitations", "open-door"]
