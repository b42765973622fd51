"""Invitations, seats and requests: never oversold, never in another's words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.problems import Problem
from schemas.records.seats import seat_id
from tests.records.cast import (
    EVA,
    EVALUATOR,
    FAULT,
    HANA,
    NORA,
    NOT_ALLOWED,
    OLGA,
    OTTO,
    SEAT_OF_EVA,
    SEAT_OF_HANA,
    SEAT_OF_NORA,
    SEAT_OF_OLGA,
    SEAT_OF_OTTO,
    Case,
    assert_refused,
    assert_taken,
    no,
    refusal,
    yes,
)
from tests.records.world import NOW, World

CLAIM = {"invitation_id": "open-door", "person_id": "nora", "state": "accepted"}

REFUSED = {
    "a guest who is not there": no(
        HANA, "invitations", "open-door", FAULT, "people_ids", people_ids=["nobody-here"]
    ),
    "a school that is not there": no(
        HANA, "invitations", "open-door", FAULT, "school_ids", school_ids=["no-school"]
    ),
    "a team she is not in": no(HANA, "invitations", "open-door", FAULT, "group_ids", group_ids=["team-one"]),
    "a group that is not there": no(
        HANA, "invitations", "open-door", FAULT, "group_ids", group_ids=["no-group"]
    ),
    "everyone but one": no(
        HANA, "invitations", "open-door", FAULT, "to_tenant", to_tenant=True, excluded_ids=["eva"]
    ),
    "an end before the start": no(
        HANA, "invitations", "open-door", FAULT, "ends_at", ends_at="2026-11-21T08:00:00.000Z"
    ),
    "another host": no(HANA, "invitations", "open-door", NOT_ALLOWED, "host_id", host_id="olga"),
    "a seat with an id of its own": no(NORA, "seats", "my-own-seat", FAULT, None, **CLAIM),
    "a host sits in her own lesson": no(
        HANA, "seats", SEAT_OF_HANA, FAULT, "person_id", **CLAIM | {"person_id": "hana"}
    ),
    "a host says yes for a guest": no(HANA, "seats", SEAT_OF_NORA, NOT_ALLOWED, "state", **CLAIM),
    "a guest invites herself": no(
        NORA, "seats", SEAT_OF_NORA, NOT_ALLOWED, "state", **CLAIM | {"state": "invited"}
    ),
    "an evaluator claims a seat": no(
        EVA, "seats", SEAT_OF_EVA, EVALUATOR, "person_id", **CLAIM | {"person_id": "eva"}
    ),
    "a host writes a guest's message": no(
        HANA, "seats", SEAT_OF_OLGA, NOT_ALLOWED, "message", message="I come!"
    ),
    "a request for somebody else": no(
        NORA, "visit_requests", "may-i-come", NOT_ALLOWED, None, requester_id="otto", host_id="hana"
    ),
    "a request to herself": no(
        NORA, "visit_requests", "may-i-come", FAULT, "host_id", requester_id="nora", host_id="nora"
    ),
    "a request to nobody": no(
        NORA, "visit_requests", "may-i-come", FAULT, "host_id", requester_id="nora", host_id="nobody-here"
    ),
}
TAKEN = {
    "a studio that she does not know": yes(HANA, "invitations", "open-door", group_ids=["studio-two"]),
    "an evaluator drops in by invitation": yes(
        HANA, "seats", SEAT_OF_EVA, **CLAIM | {"person_id": "eva", "state": "invited"}
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_refused(world: World, case: Case) -> None:
    assert_refused(world, case)


@pytest.mark.parametrize("case", TAKEN.values(), ids=list(TAKEN))
def test_taken_as_it_is(world: World, case: Case) -> None:
    assert_taken(world, case)


@pytest.mark.parametrize("state", ["draft", "closed", "cancelled", "expired"])
def test_a_door_that_is_not_open(world: World, state: str) -> None:
    world.invitation(state=state)
    assert refusal(world, NORA, "seats", SEAT_OF_NORA, CLAIM).problem is Problem.INVITATION_CLOSED
    invites = {**CLAIM, "state": "invited"}
    assert refusal(world, HANA, "seats", SEAT_OF_NORA, invites).problem is Problem.INVITATION_CLOSED


def test_a_lesson_that_is_over(world: World) -> None:
    world.invitation(ends_at="2026-11-21T09:00:00.000Z")
    assert refusal(world, NORA, "seats", SEAT_OF_NORA, CLAIM).problem is Problem.INVITATION_CLOSED
    world.now = NOW - timedelta(hours=1)
    assert world.check(NORA, "seats", SEAT_OF_NORA, **CLAIM)["state"] == "accepted"


def test_a_guest_may_still_say_no_when_the_door_is_closed(world: World) -> None:
    world.invitation(state="closed")
    assert world.check(OLGA, "seats", SEAT_OF_OLGA, state="withdrawn")["state"] == "withdrawn"


def test_an_invited_evaluator_accepts(world: World) -> None:
    world.seat("eva", "invited")
    assert world.check(EVA, "seats", SEAT_OF_EVA, state="accepted")["state"] == "accepted"


def test_the_third_guest_of_two_seats_waits(world: World) -> None:
    assert world.check(NORA, "seats", SEAT_OF_NORA, **CLAIM)["state"] == "accepted"
    world.seat("nora", "attended")
    assert world.check(OTTO, "seats", SEAT_OF_OTTO, **CLAIM | {"person_id": "otto"})["state"] == "waitlisted"
    world.seat("otto", "withdrawn")
    assert world.check(OTTO, "seats", SEAT_OF_OTTO, state="accepted")["state"] == "waitlisted"


def test_a_guest_who_sits_keeps_her_seat_when_it_is_written_again(world: World) -> None:
    world.seat("nora", "accepted")
    assert world.check(NORA, "seats", SEAT_OF_NORA, message="I bring cake.")["state"] == "accepted"


def test_without_a_number_of_seats_there_is_room(world: World) -> None:
    world.invitation(seats=None)
    assert world.check(NORA, "seats", SEAT_OF_NORA, **CLAIM)["state"] == "accepted"


def test_seats_are_not_taken_from_under_guests(world: World) -> None:
    world.seat("nora", "accepted")
    assert world.check(HANA, "invitations", "open-door", seats=3)["seats"] == 3
    refused = refusal(world, HANA, "invitations", "open-door", {"seats": 1})
    assert refused.errors == {"/fields/seats": ["2 guests have a seat: keep at least 2 seats."]}


def test_an_accepted_request_names_its_invitation(world: World) -> None:
    world.put("visit_requests", "may-i-come", requester_id="nora", host_id="hana")
    accepted = world.check(HANA, "visit_requests", "may-i-come", state="accepted")
    assert accepted["invitation_id"] == "asked-2520d990607725d6514e65c7d1acffae"


def test_a_seats_id_is_what_every_phone_makes_of_it() -> None:
    assert seat_id("invitation-1", "person-ana") == "seat-73907c3a2a5f3e90cc091289ea8ca089"
