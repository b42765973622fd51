"""Seats through the real door: never oversold, whoever waits moves up, and the board tells the truth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from schemas.records.seats import seat_id
from service.records.visit_requests import invitation_of
from tests.records.at_the_door import DOOR, District, person, seat_of

GUESTS = ("olga", "otto", "nora", "eva")


def seats(district: District, *names: str) -> list[str | None]:
    return [district.state(name, "seats", seat_of(name)) for name in names]


def test_two_seats_are_two_guests(district: District) -> None:
    district.opens_door(seats=2)
    assert district.claims("olga").status == "applied"
    assert district.state("nora", "invitations", DOOR) == "open"
    assert district.claims("otto").status == "applied"
    assert district.state("nora", "invitations", DOOR) == "full"
    late = district.claims("nora")
    assert late.status == "merged"
    assert late.record is not None
    assert late.record["state"] == "waitlisted"
    assert seats(district, "olga", "otto", "nora") == ["accepted", "accepted", "waitlisted"]


def test_a_freed_seat_goes_to_who_waits_and_then_the_door_opens_again(district: District) -> None:
    district.opens_door(seats=1)
    for name in ("olga", "otto", "nora"):
        district.claims(name)
        district.forward(minutes=1)
    district.says("olga", "seats", seat_of("olga"), state="withdrawn")
    assert seats(district, "olga", "otto", "nora") == ["withdrawn", "accepted", "waitlisted"]
    assert district.state("nora", "invitations", DOOR) == "full"
    district.says("otto", "seats", seat_of("otto"), state="withdrawn")
    assert seats(district, "olga", "otto", "nora") == ["withdrawn", "withdrawn", "accepted"]
    district.says("nora", "seats", seat_of("nora"), state="withdrawn")
    assert district.state("nora", "invitations", DOOR) == "open"
    assert district.claims("olga").status == "applied"
    assert district.state("nora", "invitations", DOOR) == "full"


def test_a_whole_waiting_list_moves_up_when_the_limit_goes(district: District) -> None:
    district.opens_door(seats=1)
    guests = [f"guest-{number:04}" for number in range(12)]
    district.push("system", *(("people", guest, {"display_name": guest}) for guest in guests))
    claims = [{"invitation_id": DOOR, "person_id": guest, "state": "accepted"} for guest in guests]
    district.push("system", *(("seats", seat_id(DOOR, said["person_id"]), said) for said in claims))
    waiting = [district.state("hana", "seats", seat_id(DOOR, guest)) for guest in guests]
    assert waiting == ["accepted"] + ["waitlisted"] * 11
    assert district.says("hana", "invitations", DOOR, seats=None).status == "merged"
    assert {district.state("hana", "seats", seat_id(DOOR, guest)) for guest in guests} == {"accepted"}
    assert district.state("hana", "invitations", DOOR) == "open"


def test_all_claim_at_once(district: District) -> None:
    district.opens_door(seats=2)
    with ThreadPoolExecutor(4) as phones:
        list(phones.map(district.claims, GUESTS))
    assert sorted(map(str, seats(district, *GUESTS))) == ["accepted", "accepted", "waitlisted", "waitlisted"]
    assert district.state("hana", "invitations", DOOR) == "full"


def test_a_seat_is_the_hosts_and_the_guests(district: District) -> None:
    district.opens_door()
    district.claims("olga")
    assert district.readers("seats", seat_of("olga")) == "hana olga"


def test_a_guest_whom_nobody_else_addressed_is_invited_by_a_seat(district: District) -> None:
    district.opens_door(to_tenant=False)
    assert district.readers("invitations", DOOR) == "hana"
    assert district.claims("nora").status == "held", "she cannot know the invitation"
    invites = {"invitation_id": DOOR, "person_id": person("otto"), "state": "invited"}
    assert district.says("hana", "seats", seat_of("otto"), **invites).status == "applied"
    assert district.readers("invitations", DOOR) == "hana otto"
    assert district.says("otto", "seats", seat_of("otto"), state="accepted").status == "applied"


def test_a_waiting_guest_cannot_move_herself_up(district: District) -> None:
    district.opens_door(seats=1)
    for name in ("olga", "otto", "nora"):
        district.claims(name)
        district.forward(minutes=1)
    district.says("nora", "seats", seat_of("nora"), state="accepted")
    district.says("nora", "seats", seat_of("nora"), state="withdrawn")
    district.says("nora", "seats", seat_of("nora"), state="accepted")
    assert seats(district, "otto", "nora") == ["waitlisted", "waitlisted"]
    district.says("olga", "seats", seat_of("olga"), state="withdrawn")
    assert seats(district, "otto", "nora") == ["accepted", "waitlisted"]


def test_a_host_shuts_a_door_with_free_seats(district: District) -> None:
    district.opens_door()
    assert district.says("hana", "invitations", DOOR, state="closed").status == "applied"
    late = district.claims("olga")
    assert late.problem is not None
    assert late.problem["type"] == "/problems/invitation-closed"


def test_an_accepted_request_is_an_open_door_with_a_seat_taken(district: District) -> None:
    asks = {"requester_id": person("nora"), "host_id": person("hana"), "message": "May I?"}
    assert district.says("nora", "visit_requests", "may-i-come", **asks).status == "applied"
    assert district.readers("visit_requests", "may-i-come") == "hana nora"
    assert district.says("hana", "visit_requests", "may-i-come", state="accepted").status == "merged"
    door = invitation_of("may-i-come")
    request = district.sees("nora", "visit_requests", "may-i-come")
    assert request is not None
    assert (request["state"], request["invitation_id"]) == ("accepted", door)
    assert district.readers("invitations", door) == "hana nora"
    assert district.state("nora", "invitations", door) == "full"
    assert district.state("nora", "seats", seat_id(door, person("nora"))) == "accepted"


def test_nobody_accepts_for_the_host(district: District) -> None:
    asks = {"requester_id": person("nora"), "host_id": person("hana"), "state": "accepted"}
    outcome = district.says("nora", "visit_requests", "may-i-come", **asks)
    assert district.state("hana", "visit_requests", "may-i-come") == "sent"
    assert outcome.status == "merged"
    assert outcome.record is not None
    assert outcome.record["state"] == "sent"
