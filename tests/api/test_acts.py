"""Seats: claimed, given back, waited for; never one more than there are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from schemas.records.seats import seat_id
from tests.api.conftest import HANA, OLGA, PETRA
from tests.builders import Caller, caller, make_person, services_of

DOOR = {"id": "open-door", "host_id": HANA, "state": "open", "to_tenant": True, "seats": 1}


@pytest.fixture(autouse=True)
def door(hana: Caller) -> None:
    assert hana.post("/v1/invitations", DOOR).status_code == 201


def act(who: Caller, name: str, said: Any = None) -> tuple[int, str]:
    """The status, and the state of the seat or the problem's slug."""
    answer = who.post(f"/v1/invitations/open-door/{name}", said)
    return answer.status_code, answer.json.get("state") or answer.json["type"].removeprefix("/problems/")


def state_of_door(who: Caller) -> str:
    return str(who.get("/v1/invitations/open-door").json["state"])


def test_a_guest_claims_a_seat_once(olga: Caller) -> None:
    claimed = olga.post("/v1/invitations/open-door/claim", {"message": "With pleasure"})
    assert (claimed.status_code, claimed.json["state"], claimed.json["message"]) == (
        200,
        "accepted",
        "With pleasure",
    )
    assert claimed.json["id"] == seat_id("open-door", OLGA)
    again = olga.post("/v1/invitations/open-door/claim")
    assert (again.status_code, again.headers["ETag"]) == (200, claimed.headers["ETag"])


def test_who_comes_too_late_waits_and_moves_up(olga: Caller, petra: Caller, hana: Caller) -> None:
    assert act(olga, "claim") == (200, "accepted")
    assert state_of_door(hana) == "full"
    assert act(petra, "claim") == (200, "waitlisted")
    assert act(petra, "claim") == (200, "waitlisted")
    assert act(olga, "withdraw") == (200, "withdrawn")
    assert petra.get(f"/v1/seats/{seat_id('open-door', PETRA)}").json["state"] == "accepted"
    assert state_of_door(hana) == "full"


def test_a_guest_says_yes_no_or_maybe(hana: Caller, olga: Caller) -> None:
    invited = hana.post("/v1/invitations/open-door/invite", {"people_ids": [OLGA, PETRA, OLGA]})
    assert invited.status_code == 200
    assert [(seat["person_id"], seat["state"]) for seat in invited.json["items"]] == [
        (OLGA, "invited"),
        (PETRA, "invited"),
    ]
    assert act(olga, "tentative") == (200, "tentative")
    assert act(olga, "decline") == (200, "declined")
    assert act(olga, "accept") == (200, "accepted")
    again = hana.post("/v1/invitations/open-door/invite", {"people_ids": [OLGA]})
    assert [seat["state"] for seat in again.json["items"]] == ["accepted"]


def test_what_is_not_hers_to_do(hana: Caller, olga: Caller, stranger: Caller) -> None:
    assert act(olga, "invite", {"people_ids": [PETRA]}) == (403, "not-allowed")
    assert act(hana, "claim") == (422, "invalid-request")
    assert act(olga, "withdraw") == (404, "not-found")
    assert act(stranger, "claim") == (404, "not-found")


def test_a_closed_door_takes_nobody(hana: Caller, olga: Caller) -> None:
    assert hana.patch("/v1/invitations/open-door", {"state": "cancelled"}).status_code == 200
    assert act(olga, "claim") == (409, "invitation-closed")


def test_a_refused_invite_makes_no_seat_at_all(hana: Caller) -> None:
    refused = hana.post("/v1/invitations/open-door/invite", {"people_ids": [OLGA, "nobody-here"]})
    assert (refused.status_code, refused.json["errors"].keys()) == (422, {"/person_id"})
    assert hana.get("/v1/seats").json["items"] == []


def test_a_door_is_never_oversold_under_a_race(app: Flask, tenant_id: UUID, hana: Caller) -> None:
    people = [make_person(services_of(app), tenant_id, f"racer-{number:02}") for number in range(8)]
    racers = [caller(app, tenant_id, person_id) for person_id in people]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda racer: act(racer, "claim"), racers))
    assert sorted(answers) == [(200, "accepted")] + [(200, "waitlisted")] * 7
    seats = hana.get("/v1/seats").json["items"]
    assert sorted(seat["state"] for seat in seats) == ["accepted"] + ["waitlisted"] * 7
