"""Fifty colleagues claim three seats in the same moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.builders import Caller, caller
from tests.journeys.conftest import School

GUESTS = [f"guest-{number:02}-of-50" for number in range(50)]


def claim(guest: Caller) -> int:
    return guest.post("/v1/invitations/open-door-1/claim").status_code


def test_no_oversell_of_three_seats_by_fifty_claims_at_once(school: School) -> None:
    school.person("hana-host")
    for guest in GUESTS:
        school.person(guest)
    door = {"host_id": "hana-host", "to_tenant": True, "seats": 3, "state": "open"}
    school.put("invitations", "open-door-1", **door, starts_at="2026-11-23T09:00:00.000Z")
    callers = [caller(school.app, school.tenant_id, guest) for guest in GUESTS]
    with ThreadPoolExecutor(16) as pool:
        answers = Counter(pool.map(claim, callers))
    states = Counter(
        one.get("/v1/seats?invitation_id=open-door-1").json["items"][0]["state"] for one in callers
    )
    host = caller(school.app, school.tenant_id, "hana-host")
    (shown,) = host.get("/v1/board?week=2026-W48").json["items"]
    assert answers == {200: 50}
    assert states == {"accepted": 3, "waitlisted": 47}
    assert (shown["seats_taken"], shown["invitation"]["state"]) == (3, "full")
