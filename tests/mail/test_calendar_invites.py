"""A guest is told by mail when she has a seat, when its time moves, and when it falls away: once each, with a rising number."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from icalendar import Calendar, Event

from schemas.records.seats import seat_id
from service.accounts import directory
from service.mail import outbox
from service.worker import Worker
from sync.changes import Change
from sync.clock import stamp
from sync.server.actor import system_actor
from tests.mail.conftest import NOW, Postbox

HANA, OLGA = "hana-host", "olga-observes"
TITLE = "¿Quién pregunta primero, y quién espera todavía la respuesta de otra persona? 日本語の授業"
SEAT = seat_id("door-one", OLGA)
START = NOW + timedelta(days=2)


class Story:
    """What happens, and what Olga is told of it."""

    def __init__(self, worker: Worker, tenant_id: UUID, postbox: Postbox) -> None:
        self.worker, self.tenant_id, self.postbox = worker, tenant_id, postbox
        self.ops = count()

    def put(self, collection: str, record_id: str, **fields: Any) -> None:
        change = Change(f"op-{next(self.ops)}", collection, record_id, fields)
        with self.worker.database.begin(self.tenant_id) as connection:
            (outcome,) = self.worker.door.push(connection, system_actor(self.tenant_id), [change])
        assert outcome.problem is None, outcome.problem

    def told(self) -> list[tuple[str, Event]]:
        """The method and the event of each mail that the worker sends now."""
        self.postbox.raw.clear()
        self.worker.send_calendar_invites(self.tenant_id)
        with self.worker.database.begin(self.tenant_id) as connection:
            rows = outbox.in_state(connection, self.tenant_id, outbox.WAITING)
        for row in rows:
            self.worker.send_mail(str(self.tenant_id), str(row.id))
        return [_read(mail) for mail in self.postbox.mails]


def _read(mail: Any) -> tuple[str, Event]:
    part = mail.get_body(("calendar",)) or next(
        p for p in mail.walk() if p.get_content_type() == "text/calendar"
    )
    raw = part.get_payload(decode=True)
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    calendar = Calendar.from_ical(raw)
    assert part.get_param("method") == calendar["METHOD"]
    assert b"KEPT" not in raw
    (event,) = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), event


@pytest.fixture
def story(worker_of: Worker, tenant_id: UUID, server: Controller, postbox: Postbox) -> Story:
    story = Story(worker_of, tenant_id, postbox)
    for person_id in (HANA, OLGA):
        story.put("people", person_id, display_name=person_id, roles=["teacher"])
    with worker_of.database.begin_reference() as connection:
        directory.add_address(connection, "olga@school.example", tenant_id, OLGA, NOW)
    story.put("schools", "school-one", name="First")
    story.put(
        "memberships", "member-olga", person_id=OLGA, school_id="school-one", state="active", role="member"
    )
    times = {"starts_at": stamp(START), "ends_at": stamp(START + timedelta(minutes=45))}
    door = {"host_id": HANA, "look_for": TITLE, "note": "KEPT-FROM-MAIL", "school_ids": ["school-one"]}
    story.put("invitations", "door-one", **door, **times, state="open")
    story.put("seats", SEAT, invitation_id="door-one", person_id=OLGA, state="accepted")
    return story


def test_a_seat_its_new_time_and_its_end_are_told_once_each(story: Story) -> None:
    ((method, first),) = story.told()
    assert (method, first["SEQUENCE"], str(first["SUMMARY"])) == ("REQUEST", 0, TITLE)
    assert first.decoded("DTSTART") == START
    assert first["ATTENDEE"] == "mailto:olga@school.example"
    assert story.told() == []
    later = START + timedelta(hours=1)
    story.put("invitations", "door-one", starts_at=stamp(later), ends_at=stamp(later + timedelta(minutes=45)))
    ((method, moved),) = story.told()
    assert (method, moved["SEQUENCE"], moved["UID"]) == ("REQUEST", 1, first["UID"])
    assert moved.decoded("DTSTART") == later
    story.put("invitations", "door-one", state="cancelled")
    ((method, off),) = story.told()
    assert (method, off["SEQUENCE"], off["STATUS"], off["UID"]) == ("CANCEL", 2, "CANCELLED", first["UID"])
    assert story.told() == []


def test_who_gives_her_seat_up_and_takes_it_again_is_told_both(story: Story) -> None:
    story.told()
    story.put("seats", SEAT, state="withdrawn")
    ((method, gone),) = story.told()
    assert (method, gone["SEQUENCE"]) == ("CANCEL", 1)
    story.put("seats", SEAT, state="accepted")
    ((method, back),) = story.told()
    assert (method, back["SEQUENCE"], back["STATUS"]) == ("REQUEST", 2, "CONFIRMED")


def test_who_is_left_out_afterwards_is_told_no_new_words(story: Story) -> None:
    story.told()
    story.put("invitations", "door-one", look_for="KEPT-FROM-HER", excluded_ids=[OLGA])
    ((method, gone),) = story.told()
    assert method == "CANCEL"
    assert TITLE not in str(gone["SUMMARY"])
    assert story.told() == []


def test_what_falls_away_before_it_was_told_is_not_told(story: Story) -> None:
    story.put("seats", SEAT, state="withdrawn")
    assert story.told() == []


def test_a_seat_that_was_deleted_is_called_off_once(story: Story) -> None:
    ((_, first),) = story.told()
    gone = Change("gone-seat", "seats", SEAT, deleted=True)
    with story.worker.database.begin(story.tenant_id) as connection:
        (outcome,) = story.worker.door.push(connection, system_actor(story.tenant_id), [gone])
    assert outcome.problem is None, outcome.problem
    ((method, off),) = story.told()
    assert (method, off["SEQUENCE"], off["UID"]) == ("CANCEL", 1, first["UID"])
    assert off.decoded("DTSTART") == START
    assert story.told() == []


@pytest.mark.parametrize(
    "end", [("seats", SEAT, {"state": "missed"}), ("invitations", "door-one", {"excluded_ids": [OLGA]})]
)
def test_a_lesson_that_is_over_is_never_called_off(story: Story, end: tuple[str, str, Any]) -> None:
    """Whoever leaves a school is not told that all she ever visited there falls away."""
    story.told()
    story.worker = replace(story.worker, now=lambda: START + timedelta(days=1))
    story.put(*end[:2], **end[2])
    assert story.told() == []


def test_a_lesson_that_is_over_and_held_again_is_told(story: Story) -> None:
    story.told()
    story.worker = replace(story.worker, now=lambda: START + timedelta(days=1))
    again = START + timedelta(days=9)
    story.put("invitations", "door-one", starts_at=stamp(again), ends_at=stamp(again + timedelta(hours=1)))
    assert [(method, event.decoded("DTSTART")) for method, event in story.told()] == [("REQUEST", again)]


def test_one_unfit_address_keeps_nobody_else_from_being_told(story: Story) -> None:
    """As a roster may bring it."""
    with story.worker.database.begin_reference() as connection:
        directory.add_address(connection, "hana@school.", story.tenant_id, HANA, NOW)
    story.put("invitations", "door-two", host_id=OLGA, to_tenant=True, starts_at=stamp(START), state="open")
    story.put("seats", seat_id("door-two", HANA), invitation_id="door-two", person_id=HANA, state="accepted")
    assert [event["ATTENDEE"] for _, event in story.told()] == ["mailto:olga@school.example"]
    with story.worker.database.begin(story.tenant_id) as connection:
        (failed,) = outbox.in_state(connection, story.tenant_id, outbox.FAILED)
    assert (failed.recipient, failed.reason) == ("hana@school.", outbox.UNFIT)
