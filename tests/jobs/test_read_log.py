"""Who read what, told to hosts: noted in passing, made into records once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from service.records import read_log
from service.records.read_log import DELIVERED, LINK_ISSUED, fold, record
from service.worker import Worker
from sync.server.actor import system_actor
from sync.server.audience import find
from sync.server.tables import document
from tests.media.world import HANA, NINA, OLGA, VISIT, World

NOTE = "note-of-a-question"
MORNING = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
Events = list[tuple[str, str, str, str, str]]


@pytest.fixture
def released(world: World) -> World:
    """A note of Olga's that Hana has released to Nina."""
    world.put(OLGA, "notes", NOTE, visit_id=VISIT, note_kind="noticing", text="Three asked.", state="shared")
    world.put(HANA, "visits", VISIT, released_people_ids=[NINA])
    world.put(HANA, "notes", NOTE, state="released")
    return world


def note(
    world: World, reader: str, collection: str, *ids: str, how: str = DELIVERED, at: datetime = MORNING
) -> None:
    with world.database.begin(world.tenant_id) as connection:
        record(connection, world.actor(reader), how, collection, ids, at)


def folded(world: World) -> int:
    with world.database.begin(world.tenant_id) as connection:
        return fold(connection, world.door, world.tenant_id, MORNING + timedelta(days=3))


def events(world: World) -> Events:
    query = select(document.c.body).where(
        document.c.tenant_id == world.tenant_id, document.c.collection == "read_events"
    )
    with world.database.begin(world.tenant_id) as connection:
        found = [json.loads(body) for body in connection.execute(query).scalars()]
    told = ("visit_id", "record_kind", "record_id", "reader_id", "how")
    return sorted(tuple(event[name] for name in told) for event in found)


def rows(world: World) -> int:
    table = read_log.read_log
    query = select(func.count()).select_from(table).where(table.c.tenant_id == world.tenant_id)
    with world.database.begin(world.tenant_id) as connection:
        return connection.execute(query).scalar_one()


def test_a_reading_becomes_an_event_for_the_host(released: World) -> None:
    note(released, NINA, "notes", NOTE)
    note(released, NINA, "visits", VISIT, how=LINK_ISSUED)
    assert folded(released) == 2
    assert events(released) == [
        (VISIT, "notes", NOTE, NINA, "delivered"),
        (VISIT, "visits", VISIT, NINA, "link_issued"),
    ]
    assert rows(released) == 0
    assert folded(released) == 0


def test_the_host_and_the_reader_see_it(released: World) -> None:
    note(released, NINA, "notes", NOTE)
    folded(released)
    ids = select(document.c.record_id).where(
        document.c.tenant_id == released.tenant_id, document.c.collection == "read_events"
    )
    with released.database.begin(released.tenant_id) as connection:
        (event,) = connection.execute(ids).scalars()
        seen = {
            person
            for person in (HANA, NINA, OLGA)
            if find(connection, released.actor(person), "read_events", event)
        }
    assert seen == {HANA, NINA}


def test_author_and_host_read_their_own(released: World) -> None:
    note(released, OLGA, "notes", NOTE)
    note(released, HANA, "notes", NOTE)
    note(released, HANA, "visits", VISIT)
    assert folded(released) == 3
    assert events(released) == []
    assert rows(released) == 0


def test_one_event_a_day_with_the_first_moment(released: World) -> None:
    for hours in (3, 0, 7):
        note(released, NINA, "notes", NOTE, at=MORNING + timedelta(hours=hours))
    folded(released)
    note(released, NINA, "notes", NOTE, at=MORNING + timedelta(hours=8))
    folded(released)
    assert len(events(released)) == 1
    at = select(document.c.body).where(
        document.c.tenant_id == released.tenant_id, document.c.collection == "read_events"
    )
    with released.database.begin(released.tenant_id) as connection:
        assert '"at":"2026-11-21T09:30:00.000Z"' in connection.execute(at).scalar_one().replace(" ", "")
    note(released, NINA, "notes", NOTE, at=MORNING + timedelta(days=1))
    folded(released)
    assert len(events(released)) == 2


def test_a_repeated_fold_changes_nothing(released: World) -> None:
    note(released, NINA, "notes", NOTE)
    folded(released)
    note(released, NINA, "notes", NOTE)
    clock = clock_of(released)
    assert folded(released) == 1
    assert clock_of(released) == clock


def clock_of(world: World) -> int:
    query = select(func.max(document.c.seq)).where(document.c.tenant_id == world.tenant_id)
    with world.database.begin(world.tenant_id) as connection:
        return connection.execute(query).scalar_one()


def test_what_is_gone_or_of_no_visit_leaves_the_log(released: World) -> None:
    note(released, NINA, "notes", "note-that-never-was")
    note(released, NINA, "people", HANA)
    assert folded(released) == 2
    assert events(released) == []
    assert rows(released) == 0


def test_long_pages_are_folded_in_several_pushes(released: World, worker_of: Worker) -> None:
    names = [f"note-number-{number:04}" for number in range(700)]
    note(released, NINA, "notes", NOTE, *names)
    assert rows(released) == 2
    released.now = datetime.now(UTC)
    assert worker_of.fold_read_log(released.tenant_id) is True
    assert rows(released) == 1
    assert worker_of.fold_read_log(released.tenant_id) is True
    assert worker_of.fold_read_log(released.tenant_id) is False
    assert events(released) == [(VISIT, "notes", NOTE, NINA, "delivered")]


def test_nothing_is_noted_of_nobody(world: World) -> None:
    with world.database.begin(world.tenant_id) as connection:
        record(connection, system_actor(world.tenant_id), DELIVERED, "notes", [NOTE])
        record(connection, world.actor(NINA), DELIVERED, "notes", [])
    assert rows(world) == 0


def test_a_fold_that_fails_keeps_the_log(released: World, monkeypatch: pytest.MonkeyPatch) -> None:
    note(released, NINA, "notes", NOTE)

    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(released.door, "push", fails)
    with pytest.raises(ZeroDivisionError):
        folded(released)
    assert rows(released) == 1
