"""A person's calendar shows what is hers and what she may see, to whoever holds its address, until she takes it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask import Flask
from icalendar import Calendar, Event
from sqlalchemy import text
from werkzeug.test import TestResponse

from schemas.records.seats import seat_id
from sync.changes import Change
from sync.clock import stamp
from sync.server.actor import system_actor
from tests.api.conftest import HANA, OLGA, PETRA
from tests.builders import Caller, put, services_of

TITLE = "¿Quién pregunta, y quién espera la respuesta? " * 3 + "日本語の授業"
START = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)


@pytest.fixture
def door(app: Flask, tenant_id: UUID) -> str:
    """Hana's open door; Olga has a seat, Petra sees it and has none."""
    said = {
        "host_id": HANA,
        "look_for": TITLE,
        "note": "KEPT-FROM-CALENDARS",
        "place": "ROOM-KEPT-TOO",
        "starts_at": stamp(START),
        "ends_at": stamp(START + timedelta(minutes=45)),
        "to_tenant": True,
        "state": "open",
    }
    services = services_of(app)
    put(services, tenant_id, "invitations", "door-one", **said)
    seat = {"invitation_id": "door-one", "person_id": OLGA, "state": "accepted"}
    put(services, tenant_id, "seats", seat_id("door-one", OLGA), **seat)
    return "door-one"


def link(of: Caller) -> str:
    answer = of.post("/v1/calendar-link")
    assert answer.status_code == 201
    return urlsplit(answer.json["url"]).path


def events(answer: TestResponse) -> list[Event]:
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert b"KEPT" not in answer.data
    return list(Calendar.from_ical(answer.data).walk("VEVENT"))


def move(app: Flask, tenant_id: UUID, collection: str, record_id: str, op: str, **fields: str) -> None:
    services = services_of(app)
    with services.database.begin(tenant_id) as connection:
        change = Change(op, collection, record_id, fields)
        (outcome,) = services.door.push(connection, system_actor(tenant_id), [change])
    assert outcome.problem is None, outcome.problem


def test_host_and_guest_find_the_lesson_and_nobody_else_does(
    hana: Caller, olga: Caller, petra: Caller, nobody: Caller, door: str
) -> None:
    for whose in (hana, olga):
        answer = nobody.get(link(whose))
        (event,) = events(answer)
        assert (str(event["SUMMARY"]), event.decoded("DTSTART")) == (TITLE[:200].strip(), START)
        assert event.decoded("DTEND") - event.decoded("DTSTART") == timedelta(minutes=45)
        assert max(map(len, answer.data.split(b"\r\n"))) <= 75
        assert b"DTSTART:" in answer.data
        assert answer.headers["Cache-Control"] == "no-store"
    assert events(nobody.get(link(petra))) == []


def test_a_changed_time_keeps_the_entry_and_raises_its_number(
    app: Flask, tenant_id: UUID, olga: Caller, nobody: Caller, door: str
) -> None:
    mine = link(olga)
    first = nobody.get(mine)
    etag = {"If-None-Match": first.headers["ETag"]}
    assert nobody.get(mine, headers=etag).status_code == 304
    later = START + timedelta(minutes=30)
    move(app, tenant_id, "invitations", door, "op-later", starts_at=stamp(later))
    second = nobody.get(mine, headers=etag)
    (before,), (after,) = events(first), events(second)
    assert before["UID"] == after["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after.decoded("DTSTART") == later
    move(app, tenant_id, "invitations", door, "op-cancel", state="cancelled")
    (cancelled,) = events(nobody.get(mine))
    assert (cancelled["STATUS"], cancelled["UID"]) == ("CANCELLED", before["UID"])
    assert cancelled["SEQUENCE"] > after["SEQUENCE"]


def test_a_seat_given_up_leaves_the_calendar(
    app: Flask, tenant_id: UUID, olga: Caller, nobody: Caller, door: str
) -> None:
    move(app, tenant_id, "seats", seat_id(door, OLGA), "op-leave", state="withdrawn")
    assert events(nobody.get(link(olga))) == []


def test_planned_visits_are_there_for_both(app: Flask, tenant_id: UUID, hana: Caller, nobody: Caller) -> None:
    said = {"host_id": HANA, "observer_ids": [OLGA], "planned_at": stamp(START), "focus": "Wait time"}
    put(services_of(app), tenant_id, "visits", "visit-planned", **said)
    assert [str(event["SUMMARY"]) for event in events(nobody.get(link(hana)))] == ["Wait time"]


def test_a_link_renewed_revoked_or_of_nobody_is_absent_byte_for_byte(
    app: Flask, tenant_id: UUID, olga: Caller, petra: Caller, nobody: Caller, door: str
) -> None:
    absent = nobody.get("/v1/calendar/nothing.ics")
    old, new, hers = link(olga), link(olga), link(petra)
    assert nobody.get(new).status_code == 200
    olga.delete("/v1/calendar-link")
    with services_of(app).database.begin(tenant_id) as connection:
        for said in (
            "DELETE FROM role_grants WHERE tenant_id = :tenant AND person_id = :person",
            "DELETE FROM people WHERE tenant_id = :tenant AND id = :person",
        ):
            connection.execute(text(said), {"tenant": tenant_id, "person": PETRA})
    for path in (old, new, hers, "/v1/calendar/%C3%B1.ics"):
        gone = nobody.get(path)
        assert (gone.status_code, gone.data) == (404, absent.data), path


def test_only_a_digest_of_the_secret_is_kept(app: Flask, tenant_id: UUID, olga: Caller) -> None:
    secret = link(olga).rpartition("/")[2].removesuffix(".ics")
    with services_of(app).database.begin(tenant_id) as connection:
        rows = text("SELECT secret_hash FROM calendar_link WHERE tenant_id = :tenant")
        (kept,) = connection.execute(rows, {"tenant": tenant_id}).scalars()
    assert len(kept) == 64
    assert secret not in kept
