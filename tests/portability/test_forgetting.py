"""Olga is forgotten: nothing that only she ever said, sent or was called is found anywhere again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from schemas.problems import Problem, Refused
from service.accounts import one_time, sessions
from service.accounts.models import session
from service.accounts.one_time import Purpose
from service.media import erasure
from service.portability import data_map, exports, forgetting
from tests.media.world import HANA, OLGA, VISIT, World
from tests.portability.school import DEVICE, GONE, HER_LESSON, PHOTO, SHARED, dump, versions

IDS = ("door-of-olga", "note-of-hana", "draft-of-hana", "debrief-of-olga", "step-of-olga", "comment-of-olga")
"""In texts of JSON: as ids alone they stay, so that phones learn that they are gone."""


def forget(world: World) -> forgetting.Forgotten:
    return forgetting.forget(world.database, world.door, world.store, (world.tenant_id, OLGA), world.now)


def sessions_of(world: World) -> Sequence[Row[Any]]:
    hers = (session.c.tenant_id == world.tenant_id) & (session.c.person_id == OLGA)
    with world.database.begin(world.tenant_id) as connection:
        return connection.execute(select(session).where(hers)).all()


def test_everything_is_there_before(world: World) -> None:
    before = dump(world)
    assert [word for word in (*GONE, SHARED) if word not in before] == []
    assert [word for word in IDS if f'"{word}"' not in before] == []
    assert len(versions(world, f"{PHOTO}/")) > 1


def test_nothing_is_left_in_database_and_store_but_what_she_gave_away(world: World) -> None:
    gone = forget(world)
    assert (gone.media, gone.records) == (1, 15)  # of it two comments on her photo
    after = dump(world)
    assert [word for word in GONE if word in after] == []
    assert [word for word in IDS if f'"{word}"' in after] == []
    assert versions(world, f"{PHOTO}/") == []
    assert world.record("notes", "shared-note")["text"] == SHARED
    assert world.record("people", OLGA)["display_name"] == forgetting.NAMELESS


def test_phones_are_told_what_is_gone_and_hers_to_wipe_itself(world: World) -> None:
    forget(world)
    with world.database.begin(world.tenant_id) as connection:
        found = world.door.kinds["visits"].table
        ids = connection.execute(select(found.c.id).where(found.c.tenant_id == world.tenant_id)).scalars()
        assert list(ids) == [VISIT]
        removed = connection.exec_driver_sql(
            f"SELECT record_id FROM sync_entry WHERE tenant_id = '{world.tenant_id}' AND removed"
        ).scalars()
        assert {HER_LESSON, "note-of-hana", PHOTO} <= set(removed)
    rows = sessions_of(world)
    assert [(row.wipe, row.reason, row.device_name) for row in rows] == [(True, forgetting.FORGOTTEN, "")]
    assert sessions.ended(rows[0]).extra == {"wipe": True}


def test_who_signs_in_meanwhile_is_signed_out_and_no_link_on_its_way_opens(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whom = {"tenant": str(world.tenant_id), "person": OLGA}
    with world.database.begin_reference() as connection:
        link = one_time.give(connection, Purpose.LINK, whom, world.now, whose=OLGA)
    erase_below, tablets = world.store.erase_below, count()

    def erase_while_she_comes(below: str) -> None:
        erase_below(below)
        tablet = (f"tablet-of-olga-{next(tablets)}", DEVICE)
        with world.database.begin(world.tenant_id) as connection:
            sessions.start(connection, world.tenant_id, OLGA, tablet, world.now)

    monkeypatch.setattr(world.store, "erase_below", erase_while_she_comes)
    forget(world)
    assert len(sessions_of(world)) > 1
    assert {(row.wipe, row.reason, row.device_name) for row in sessions_of(world)} == {
        (True, forgetting.FORGOTTEN, "")
    }
    assert DEVICE not in dump(world)
    assert one_time.take(world.database, Purpose.LINK, link, lambda: world.now) is None


def test_what_is_held_for_an_incident_stays_and_says_so(world: World) -> None:
    world.put(HANA, "media", PHOTO, state="incident_hold")
    with pytest.raises(Refused, match=PHOTO) as refused:
        forget(world)
    assert refused.value.problem is Problem.MEDIA_HELD
    assert versions(world, f"{PHOTO}/") != []
    assert [one for one in sessions_of(world) if one.revoked_at] == []
    world.system("media", PHOTO, state="ready")
    assert forget(world).media == 1


def test_one_that_was_stopped_in_the_middle_is_ended_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "MOST_AT_ONCE", 2)
    with monkeypatch.context() as cut:
        cut.setattr(world.store, "erase_below", lambda prefix: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            forget(world)
    forget(world)
    after = dump(world)
    assert [word for word in GONE if word in after] == []
    erasure.erase(world.database, world.door, world.store, world.tenant_id)  # as the worker does each minute
    assert versions(world, f"{PHOTO}/") == []


def test_what_she_had_exported_goes_too(world: World) -> None:
    with world.database.begin(world.tenant_id) as connection:
        row = exports.ask(connection, world.actor(OLGA), world.now)
    exports.make(world.database, world.door.kinds, world.store, world.tenant_id, row.id, lambda: world.now)
    assert versions(world, "exports/") != []
    forget(world)
    assert versions(world, "exports/") == []


def test_one_that_is_made_while_she_is_forgotten_is_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.database.begin(world.tenant_id) as connection:
        row = exports.ask(connection, world.actor(OLGA), world.now)
    put = world.store.put_file

    def put_late(key: str, *said: Any) -> None:
        forget(world)
        put(key, *said)

    monkeypatch.setattr(world.store, "put_file", put_late)
    exports.make(world.database, world.door.kinds, world.store, world.tenant_id, row.id, lambda: world.now)
    assert versions(world, "exports/") == []


def test_she_does_not_come_back_in_while_she_is_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a link that was mailed before, or on a device that signs in between two steps."""

    def link(person_id: str) -> str:
        about = {"tenant": str(world.tenant_id), "person": person_id}
        with world.database.begin_reference() as connection:
            return one_time.give(connection, Purpose.LINK, about, world.now, whose=person_id)

    erase, hers, anothers = world.store.erase_below, link(OLGA), link(HANA)

    def sign_in(prefix: str) -> None:
        erase(prefix)
        with world.database.begin(world.tenant_id) as connection:
            sessions.start(connection, world.tenant_id, OLGA, ("phone-in-between", "Phone"), world.now)

    monkeypatch.setattr(world.store, "erase_below", sign_in)
    forget(world)
    assert [row.device_name for row in sessions_of(world) if not row.revoked_at or row.device_name] == []
    taken = [one_time.take(world.database, Purpose.LINK, one, lambda: world.now) for one in (hers, anothers)]
    assert [bool(one) for one in taken] == [False, True]


def test_the_map_names_every_table_and_no_other() -> None:
    from service.migrations.rooms import tables

    assert {table.name for table in tables()} == set(data_map.ALL)
    assert Path("docs/data-map.md").read_text(encoding="utf-8") == data_map.markdown()
