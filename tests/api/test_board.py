"""The board of a week."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.api.conftest import HANA, OLGA
from tests.builders import Caller, put, services_of

WEEK = "/v1/board?week=2026-W48"


def open_door(host: Caller, door_id: str, **fields: Any) -> None:
    said = {
        "id": door_id,
        "host_id": HANA,
        "state": "open",
        "to_tenant": True,
        "starts_at": "2026-11-24T09:00:00Z",
    }
    made = host.post("/v1/invitations", said | fields)
    assert made.status_code == 201, made.json


def ids(reader: Caller, path: str = WEEK) -> list[str]:
    return [item["invitation"]["id"] for item in reader.get(path).json["items"]]


def test_a_door_says_who_where_and_how_many(hana: Caller, olga: Caller, petra: Caller) -> None:
    open_door(hana, "door-one", seats=2, look_for="Who talks?")
    olga.post("/v1/invitations/door-one/claim")
    (door,) = olga.get(WEEK).json["items"]
    assert door["invitation"]["look_for"] == "Who talks?"
    del door["invitation"]
    assert door == {"host_name": "Hana-Host", "seats": 2, "seats_taken": 1, "my_seat": "accepted"}
    (same,) = petra.get(WEEK).json["items"]
    assert (same["seats_taken"], same["my_seat"]) == (1, None)


def test_the_week_is_the_local_one(hana: Caller) -> None:
    open_door(hana, "door-mon", starts_at="2026-11-23T00:00:00Z")
    open_door(hana, "door-sun", starts_at="2026-11-29T23:59:59Z")
    open_door(hana, "door-next", starts_at="2026-11-30T00:00:00Z")
    open_door(hana, "door-some", starts_at=None)
    assert ids(hana) == ["door-mon", "door-sun"]
    assert ids(hana, f"{WEEK}&utc_offset=-300") == ["door-sun", "door-next"]


def test_only_open_doors_that_the_reader_sees(hana: Caller, olga: Caller, stranger: Caller) -> None:
    open_door(hana, "door-open")
    open_door(hana, "door-draft", state="draft")
    open_door(hana, "door-mine", to_tenant=False, people_ids=[OLGA])
    open_door(hana, "door-gone")
    hana.patch("/v1/invitations/door-gone", {"state": "cancelled"})
    assert ids(olga) == ["door-mine", "door-open"]
    assert ids(stranger) == []


def test_filters(app: Flask, tenant_id: UUID, hana: Caller) -> None:
    services = services_of(app)
    put(services, tenant_id, "schools", "school-one", name="North School")
    studio = {"name": "Talk", "group_type": "studio", "question": "Who talks?", "lead_id": HANA}
    put(services, tenant_id, "groups", "studio-one", **studio)
    open_door(hana, "door-school", school_id="school-one", look_for="50%_off")
    open_door(hana, "door-group", group_ids=["studio-one"], look_for="Silence")
    assert ids(hana, f"{WEEK}&school_id=school-one") == ["door-school"]
    assert ids(hana, f"{WEEK}&group_id=studio-one") == ["door-group"]
    assert ids(hana, f"{WEEK}&look_for=silence") == ["door-group"]
    assert ids(hana, f"{WEEK}&look_for=%25_") == ["door-school"]


def test_pages_by_time(hana: Caller) -> None:
    for number in range(3):
        open_door(hana, f"door-{9 - number:04}", starts_at=f"2026-11-24T0{number}:00:00Z")
    first = hana.get(f"{WEEK}&limit=2").json
    assert [item["invitation"]["id"] for item in first["items"]] == ["door-0009", "door-0008"]
    assert ids(hana, f"{WEEK}&limit=2&cursor={first['cursor']}") == ["door-0007"]


@pytest.mark.parametrize(
    "query", ["week=2026-W54", "week=W48", "week=0000-W01", "utc_offset=900", "utc_offset=x", "look_for="]
)
def test_bad_filters(hana: Caller, query: str) -> None:
    refused = hana.get(f"/v1/board?{query}")
    assert (refused.status_code, list(refused.json["errors"])) == (422, [f"?{query.partition('=')[0]}"])


def test_a_bad_cursor(hana: Caller) -> None:
    assert hana.get("/v1/board?cursor=bm90aGluZw").json["type"] == "/problems/invalid-cursor"
