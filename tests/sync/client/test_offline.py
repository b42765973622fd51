"""Reading and writing without network: what was typed is on top, at once, and survives."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from sync.client import CannotWrite, Client, SignInRequired, Standing
from tests.phones import Tunnel
from tests.sync.client.conftest import OpenPhone
from tests.sync.client.fake_server import FakeServer

VISIT = {"title": "Room 4", "people_ids": ["person-ana"]}


def test_a_new_record_is_there_before_any_sync(ana: Client, tunnel: Tunnel) -> None:
    tunnel.open = False
    visit = ana.put("visits", None, VISIT)
    assert ana.get("visits", visit) == {"id": visit, "title": "Room 4", "people_ids": ["person-ana"]}
    assert ana.list("visits") == [{"id": visit, "title": "Room 4", "people_ids": ["person-ana"]}]
    assert (ana.pending(), ana.standing("visits", visit)) == (1, Standing.TO_SEND)


def test_it_is_there_after_a_restart(ana: Client, open_phone: OpenPhone) -> None:
    visit = ana.put("visits", None, VISIT)
    ana.close()
    assert open_phone("ana").get("visits", visit) == {"id": visit} | VISIT


def test_typing_joins_the_unsent_change(ana: Client) -> None:
    visit = ana.put("visits", None, VISIT)
    ana.put("visits", visit, {"title": "Room 5"})
    ana.put("visits", visit, {"place": "Library"})
    (change,) = ana.queue()
    assert change.fields == VISIT | {"title": "Room 5", "place": "Library"}


def test_only_what_differs_is_queued(ana: Client) -> None:
    visit = ana.put("visits", None, VISIT)
    ana.sync()
    ana.put("visits", visit, VISIT | {"title": "Room 6"})
    assert [change.fields for change in ana.queue()] == [{"title": "Room 6"}]


def test_equal_values_queue_nothing(ana: Client) -> None:
    visit = ana.put("visits", None, VISIT)
    ana.sync()
    ana.put("visits", visit, VISIT | {"place": None})
    assert ana.pending() == 0


def test_true_and_one_differ(ana: Client) -> None:
    visit = ana.put("visits", None, {"title": "Room 4", "place": 1})
    ana.sync()
    ana.put("visits", visit, {"place": True})
    assert [change.fields for change in ana.queue()] == [{"place": True}]


def test_what_the_server_owns_is_not_sent(ana: Client) -> None:
    visit = ana.put(
        "visits", None, VISIT | {"id": "other-id-0", "created_by": "person-ben", "updated_at": "x"}
    )
    assert ana.queue()[0].fields == VISIT
    assert ana.get("visits", visit) == {"id": visit} | VISIT


def test_a_moment_is_written_as_the_wire_writes_it(ana: Client) -> None:
    visit = ana.put("visits", None, {"title": datetime(2026, 11, 21, 9, 30, tzinfo=UTC)})
    assert ana.get("visits", visit) == {"id": visit, "title": "2026-11-21T09:30:00+00:00"}


def test_where_keeps_equal_fields(ana: Client) -> None:
    four = ana.put("visits", "visit-0004", {"title": "Room 4", "place": "North"})
    ana.put("visits", "visit-0005", {"title": "Room 5", "place": "South"})
    ana.sync()
    six = ana.put("visits", "visit-0006", {"title": "Room 6", "place": "North"})
    assert [visit["id"] for visit in ana.list("visits", {"place": "North"})] == [four, six]
    assert ana.collections() == {"visits": 3}


def test_a_deleted_record_is_hidden_at_once(ana: Client) -> None:
    visit = ana.put("visits", None, VISIT)
    ana.sync()
    assert ana.delete("visits", visit) is True
    assert (ana.get("visits", visit), ana.list("visits"), ana.pending()) == (None, [], 1)
    assert ana.delete("visits", visit) is False


def test_deleting_what_was_never_sent_leaves_nothing_to_send(ana: Client, server: FakeServer) -> None:
    visit = ana.put("visits", None, VISIT)
    ana.delete("visits", visit)
    ana.sync()
    assert (ana.pending(), server.heard) == (0, [])


def test_a_record_deleted_here_takes_no_more_typing(ana: Client) -> None:
    visit = ana.put("visits", None, VISIT)
    ana.sync()
    ana.delete("visits", visit)
    with pytest.raises(CannotWrite, match="deleted on this phone"):
        ana.put("visits", visit, {"title": "Room 5"})


@pytest.mark.parametrize(
    ("collection", "record_id", "fields"),
    [
        ("Visits!", None, {}),
        ("visits", "short", {}),
        ("visits", "with a space in it", {}),
        ("visits", None, {"title": object()}),
        ("visits", None, {"title": "\ud800"}),
        ("visits", None, {"place": 2**70}),
    ],
)
def test_what_cannot_be_written_leaves_nothing(
    ana: Client, collection: str, record_id: str | None, fields: dict[str, object]
) -> None:
    with pytest.raises(CannotWrite):
        ana.put(collection, record_id, fields)
    assert (ana.pending(), ana.collections()) == (0, {})


def test_nobody_writes_before_signing_in(open_phone: OpenPhone) -> None:
    with pytest.raises(SignInRequired):
        open_phone("eve").put("visits", None, VISIT)


def test_each_person_has_a_database_of_her_own(ana: Client) -> None:
    visit = ana.put("visits", None, VISIT)
    ana.sign_in("BEN-CODE")
    assert (ana.person_id, ana.pending(), ana.list("visits")) == ("person-ben", 0, [])
    ana.sign_in("ANA-CODE")
    assert (ana.pending(), ana.get("visits", visit)) == (1, {"id": visit} | VISIT)


def test_a_reader_sees_one_moment_while_another_program_writes(ana: Client, open_phone: OpenPhone) -> None:
    visit = ana.put("visits", None, VISIT)
    other = open_phone("ana")
    with ana._desk.store.snapshot():
        assert ana.pending() == 1
        other.delete("visits", visit)
        assert ana.get("visits", visit) == {"id": visit} | VISIT
    assert ana.get("visits", visit) is None


def test_files_are_the_owners_alone(ana: Client) -> None:
    ana.sync()
    assert {path.stat().st_mode & 0o077 for path in ana.home.iterdir()} == {0}
    assert ana.home.stat().st_mode & 0o077 == 0


def test_a_newer_file_is_left_alone(ana: Client, open_phone: OpenPhone) -> None:
    ana.close()
    (path,) = ana.home.glob("*.sqlite")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Exception, match="newer version of this client"):
        open_phone("ana").pending()


def test_a_full_disk_takes_nothing_and_keeps_everything(ana: Client) -> None:
    visit = ana.put("visits", None, VISIT)
    (pages,) = ana._desk.store.one("PRAGMA page_count")
    ana._desk.store.one(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CannotWrite, match="database or disk is full"):
        ana.put("visits", visit, {"text": "x" * 100_000})
    assert ana.get("visits", visit) == {"id": visit} | VISIT
    ana._desk.store.one(f"PRAGMA max_page_count = {pages + 100}")
    ana.put("visits", visit, {"text": "x" * 100_000})
    assert ana.sync().applied == 1
