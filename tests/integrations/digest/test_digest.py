"""One digest a day at most, at her hour, with what concerns her and she may see; one click ends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from service.accounts import directory
from service.app import create_app
from service.integrations.digest.words import WORDS
from service.mail import outbox
from service.settings import Settings
from service.worker import Worker
from sync.changes import Change
from sync.clock import stamp
from sync.server.actor import system_actor
from tests.builders import Caller, caller, make_person, make_tenant, put, services_of
from tests.conftest import environment

HANA, OLGA = "hana-host", "olga-observes"
MADRID, NEW_YORK = "Europe/Madrid", "America/New_York"
START = datetime(2026, 10, 23, 4, 30, tzinfo=UTC)
"""A Friday, half past six in Madrid; on Sunday its clocks go back, a week later New York's."""


class World:
    """Hana who opens doors, Olga who wants a digest at seven, and the worker."""

    def __init__(self, app: Any, clock: list[datetime]) -> None:
        self.app, self.services, self.clock = app, services_of(app), clock
        self.tenant_id = make_tenant(self.services, f"digest-{uuid4().hex[:8]}")
        for person_id in (HANA, OLGA):
            make_person(self.services, self.tenant_id, person_id)
        self.address = f"olga-{self.tenant_id.hex[:8]}@school.example"
        with self.services.database.begin_reference() as connection:
            directory.add_address(connection, self.address, self.tenant_id, OLGA, clock[0])
        of = self.services
        settings = replace(of.settings, mail_from="no-reply@school.example")
        self.worker = Worker(settings, of.database, of.door, of.store, of.now, None, of.outbound)
        self.prefer(digest=True, hour=7, zone=MADRID)

    def prefer(self, **said: Any) -> None:
        olga = caller(self.app, self.tenant_id, OLGA)
        assert olga.call("PUT", "/v1/notice-preferences", json=said).status_code == 200

    def door(self, record_id: str, **fields: Any) -> None:
        begins = self.clock[0] + timedelta(days=20)
        said = {"host_id": HANA, "starts_at": stamp(begins), "to_tenant": True, "state": "open"}
        put(self.services, self.tenant_id, "invitations", record_id, **(said | fields))

    def mails(self) -> list[Any]:
        """What the worker posts now."""
        with self.services.database.begin(self.tenant_id) as connection:
            before = {row.id for row in outbox.in_state(connection, self.tenant_id, outbox.WAITING)}
        self.worker.send_digests(self.tenant_id)
        with self.services.database.begin(self.tenant_id) as connection:
            rows = outbox.in_state(connection, self.tenant_id, outbox.WAITING)
        return [row for row in rows if row.id not in before]

    def forward(self, **span: float) -> None:
        self.clock[0] += timedelta(**span)


@pytest.fixture(scope="module")
def clock() -> list[datetime]:
    return [START]


@pytest.fixture(scope="module")
def app(session_database_url: str, token_key: str, clock: list[datetime]) -> Iterator[Any]:
    settings = Settings.from_environment(environment(session_database_url, token_key))
    app = create_app(settings, now=lambda: clock[0])
    yield app
    services_of(app).database.dispose()


@pytest.fixture
def world(app: Any, clock: list[datetime]) -> World:
    clock[0] = START
    return World(app, clock)


def test_it_comes_at_her_hour_and_once(world: World) -> None:
    world.door("door-one", look_for="Quién pregunta")
    assert world.mails() == []
    world.forward(minutes=40)
    (mail,) = world.mails()
    assert (mail.recipient, mail.subject) == (world.address, "Come Watch today")
    assert "Quién pregunta" in mail.text
    world.door("door-two", look_for="Who waits")
    world.forward(hours=12)
    assert world.mails() == []
    world.forward(hours=12)
    (next_day,) = world.mails()
    assert "Who waits" in next_day.text
    assert "Quién pregunta" not in next_day.text


def test_nothing_to_say_is_no_mail(world: World) -> None:
    world.forward(hours=2)
    assert world.mails() == []


def test_she_is_told_only_what_she_may_see_when_it_is_sent(world: World) -> None:
    world.door("door-one", look_for="HIDDEN LATER")
    change = Change("hide-door", "invitations", "door-one", {"to_tenant": False})
    with world.services.database.begin(world.tenant_id) as connection:
        world.services.door.push(connection, system_actor(world.tenant_id), [change])
    world.forward(hours=2)
    assert world.mails() == []


def test_it_is_in_her_language(world: World) -> None:
    world.prefer(language="es")
    world.door("door-one")
    world.forward(hours=2)
    (mail,) = world.mails()
    assert (mail.subject, "Ven a ver" in mail.text) == ("Come Watch hoy", True)
    assert WORDS["en"].keys() == WORDS["es"].keys()


@pytest.mark.parametrize(
    ("zone", "begins", "hour"),
    [
        (MADRID, datetime(2026, 10, 23, 12, tzinfo=UTC), 2),  # two o'clock comes twice on the 25th
        (MADRID, datetime(2027, 3, 26, 12, tzinfo=UTC), 2),  # and never on the 28th
        (NEW_YORK, datetime(2026, 10, 30, 12, tzinfo=UTC), 1),
    ],
)
def test_when_clocks_change_there_is_one_a_day(world: World, zone: str, begins: datetime, hour: int) -> None:
    world.clock[0] = begins
    world.prefer(zone=zone, hour=hour)
    days = []
    for number in range(5 * 24 * 2):  # every half hour, with something new to say
        world.forward(minutes=30)
        if number % 8 == 0:
            world.door(f"door-{number:03}")
        days += [world.clock[0].date() for _ in world.mails()]
    assert len(days) == len(set(days))
    assert len(days) == 6  # the day of the wish itself, whose hour has passed, and five more


def test_after_a_day_off_one_mail_tells_both(world: World) -> None:
    world.door("door-one", look_for="first day")
    world.forward(days=1)
    world.door("door-two", look_for="second day")
    world.forward(hours=10)
    (mail,) = world.mails()
    assert "second day" in mail.text
    world.door("door-three", look_for="third day")
    world.forward(days=2)
    (later,) = world.mails()
    assert "third day" in later.text


def test_another_zone_does_not_bring_a_second_one_on_the_same_date(world: World) -> None:
    world.door("door-one")
    world.forward(hours=2)
    assert len(world.mails()) == 1
    world.prefer(zone="Pacific/Honolulu", hour=0)
    world.door("door-two")
    assert world.mails() == []


def test_one_click_ends_them_without_sign_in(world: World) -> None:
    world.door("door-one")
    world.forward(hours=2)
    (mail,) = world.mails()
    path = mail.unsubscribe[mail.unsubscribe.index("/v1/") :]
    nobody = Caller(world.app.test_client(use_cookies=False))
    assert nobody.get(path).mimetype == "text/html"
    world.door("door-two")
    world.forward(days=1)
    assert len(world.mails()) == 1
    clicked = nobody.call("POST", path, data={"List-Unsubscribe": "One-Click"})
    assert clicked.status_code == 200, clicked.data
    world.door("door-three")
    world.forward(days=1)
    assert world.mails() == []
    wrong = path[:-20] + ("A" if path[-20] != "A" else "B") + path[-19:]
    assert nobody.call("POST", wrong).status_code == 404
