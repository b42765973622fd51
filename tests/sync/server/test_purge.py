"""What time takes away: tombstones that all have read, receipts, raw pushes, old words; and what must stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from schemas.problems import Problem, Refused
from sync.changes import Status
from sync.cursor import Cursor
from sync.server import devices, purge
from sync.server.rows import upsert_rows
from sync.server.tables import sent
from tests.sync.server.world import ANN, BOB, BOOK, ROOM, SHELF, World

HALF_A_YEAR = timedelta(days=181)
SHOWN = {"shelf_id": SHELF, "state": "shown"}


def run(world: World, *works: Callable[[Connection], object]) -> list[object]:
    """Each in a transaction of its own, as the worker does it."""
    done = []
    for work in works:
        with world.transaction() as connection:
            done.append(work(connection))
    return done


def mark(world: World) -> None:
    run(world, lambda c: purge.mark_clock(c, world.tenant, world.now))


def collect(world: World) -> bool:
    """One night: the horizon rises, what lies below it goes; whether the horizon rose."""
    mark(world)
    rose, _ = run(
        world,
        lambda c: purge.raise_horizon(c, world.tenant, world.now),
        lambda c: purge.tombstones(c, world.tenant),
    )
    return bool(rose)


def pulls(world: World, person: str, cursor: Cursor | None, device: str = "") -> Cursor:
    """A phone reads, and is noted with the cursor that it asked with."""
    page = world.pull(person, cursor)
    read_to = cursor.seq if cursor else page.cursor.boot
    run(world, lambda c: devices.seen(c, world.as_(person, device), world.now, None, read_to))
    return page.cursor


def tombstones(world: World) -> int:
    return int(world.ask("SELECT count(*) FROM sync_entry WHERE tenant_id = :tenant AND removed")[0][0])


def horizon(world: World) -> int:
    return int(world.ask("SELECT horizon FROM sync_clock WHERE tenant_id = :tenant")[0][0])


@pytest.fixture
def emptied(room: World) -> World:
    """The room with a book that was deleted today."""
    room.put(room.as_(ANN), "books", BOOK, SHOWN | {"title": "Clay"})
    assert room.delete(room.as_(ANN), "books", BOOK).status is Status.APPLIED
    mark(room)
    return room


def test_a_young_tombstone_stays(emptied: World) -> None:
    emptied.later(timedelta(days=179))
    assert collect(emptied) is False
    assert (tombstones(emptied), horizon(emptied)) == (1, 0)


def test_an_old_tombstone_that_all_have_read_goes(emptied: World) -> None:
    gone_at = emptied.clock
    cursor = pulls(emptied, ANN, None)
    emptied.later(HALF_A_YEAR)
    pulls(emptied, ANN, cursor)
    assert collect(emptied) is True
    assert (tombstones(emptied), horizon(emptied)) == (0, gone_at)
    assert emptied.pull(ANN, cursor).rows == []
    assert collect(emptied) is False


def test_a_phone_that_has_not_read_it_holds_it_back(emptied: World) -> None:
    emptied.put(emptied.as_(ANN), "books", "book-two", SHOWN)
    behind = pulls(emptied, BOB, None)
    emptied.delete(emptied.as_(ANN), "books", "book-two")
    emptied.later(timedelta(days=1))
    mark(emptied)
    emptied.later(timedelta(days=398))
    pulls(emptied, ANN, emptied.pull(ANN).cursor)
    assert collect(emptied) is True  # the first book, which BOB's phone was never told of
    assert tombstones(emptied) == 1
    (row,) = emptied.pull(BOB, behind).rows
    assert (row.id, row.visible) == ("book-two", False)


def test_a_phone_not_heard_of_for_400_days_holds_nothing_back_and_begins_again(emptied: World) -> None:
    emptied.put(emptied.as_(ANN), "books", "book-two", SHOWN)
    behind = pulls(emptied, BOB, None)
    emptied.delete(emptied.as_(ANN), "books", "book-two")
    mark(emptied)
    emptied.later(timedelta(days=1))
    mark(emptied)
    emptied.later(timedelta(days=400))
    assert collect(emptied) is True
    assert tombstones(emptied) == 0
    with pytest.raises(Refused) as refused:
        emptied.pull(BOB, behind)
    assert refused.value.problem is Problem.SYNC_RESET_REQUIRED
    assert refused.value.extra == {"restored": False}
    assert "book-two" not in emptied.sees(BOB, "books")


def test_a_long_first_reading_is_not_sent_back_to_its_beginning(emptied: World) -> None:
    for number in range(6):
        emptied.put(emptied.as_(ANN), "books", f"book-0000{number}", SHOWN)
    mark(emptied)
    emptied.later(timedelta(days=1))
    emptied.delete(emptied.as_(ANN), "books", "book-00005")
    mark(emptied)
    emptied.later(HALF_A_YEAR)
    assert collect(emptied) is True
    first = emptied.pull(BOB, limit=2)
    assert first.more
    assert first.cursor.seq < horizon(emptied) <= first.cursor.boot
    seen, page = {row.id for row in first.rows}, first
    while page.more:
        page = emptied.pull(BOB, page.cursor, limit=2)
        seen |= {row.id for row in page.rows}
    assert seen == {SHELF, *(f"book-0000{number}" for number in range(5))}


def test_a_record_older_than_the_horizon_is_edited_as_ever(emptied: World) -> None:
    two = emptied.put(emptied.as_(ANN), "books", "book-two", SHOWN | {"title": "Clay"})
    emptied.put(emptied.as_(ANN), "books", "book-three", SHOWN)
    emptied.delete(emptied.as_(ANN), "books", "book-three")
    emptied.later(timedelta(days=1))
    mark(emptied)
    emptied.later(HALF_A_YEAR)
    assert collect(emptied) is True
    assert two.seq is not None
    assert two.seq < horizon(emptied)
    outcome = emptied.put(
        emptied.as_(ANN, "another-phone"), "books", "book-two", {"title": "Kiln"}, base_seq=two.seq
    )
    assert outcome.status is Status.APPLIED
    assert emptied.sees(BOB, "books")["book-two"]["title"] == "Kiln"


def test_an_old_edit_does_not_bring_a_deleted_record_back(emptied: World) -> None:
    emptied.later(HALF_A_YEAR)
    assert collect(emptied) is True
    for person in (ANN, BOB):
        outcome = emptied.put(emptied.as_(person), "books", BOOK, {"shelf_id": SHELF, "title": "Still here"})
        assert outcome.status is Status.REJECTED
    assert emptied.sees(ANN, "books") == {}
    ((deleted, body),) = emptied.ask(
        "SELECT deleted, body FROM sync_document WHERE tenant_id = :tenant AND record_id = :id", id=BOOK
    )
    assert (deleted, body) == (True, None)


def test_a_record_that_comes_back_to_a_scope_is_sent_again(room: World) -> None:
    room.put(room.as_(ANN), "shelves", "shelf-two", {"label": "there", "scopes": [ROOM, ANN]})
    cursor = pulls(room, BOB, None)
    room.put(room.as_(ANN), "shelves", "shelf-two", {"scopes": [ANN]})
    mark(room)
    cursor = pulls(room, BOB, cursor)
    room.later(HALF_A_YEAR)
    cursor = pulls(room, BOB, cursor)
    assert collect(room) is True
    room.put(room.as_(ANN), "shelves", "shelf-two", {"scopes": [ANN, ROOM]})
    (row,) = room.pull(BOB, cursor).rows
    assert (row.id, row.visible) == ("shelf-two", True)
    assert "shelf-two" in room.sees(BOB, "shelves")


def test_batches_end(emptied: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 2)
    for number in range(3):
        emptied.put(emptied.as_(ANN), "books", f"book-0000{number}", SHOWN)
        emptied.delete(emptied.as_(ANN), "books", f"book-0000{number}")
    emptied.later(timedelta(days=1))
    mark(emptied)
    emptied.later(HALF_A_YEAR)
    assert collect(emptied) is True
    again = run(emptied, *[lambda c: purge.tombstones(c, emptied.tenant)] * 2)
    assert again == [True, False]
    assert tombstones(emptied) == 0


def test_receipts_go_after_430_days(emptied: World) -> None:
    def kept() -> int:
        return int(emptied.ask("SELECT count(*) FROM sync_receipt WHERE tenant_id = :tenant")[0][0])

    before = kept()
    assert before >= 3
    emptied.later(timedelta(days=429))
    run(emptied, lambda c: purge.receipts(c, emptied.tenant, emptied.now))
    assert kept() == before
    emptied.later(timedelta(days=2))
    run(emptied, lambda c: purge.receipts(c, emptied.tenant, emptied.now))
    assert kept() == 0


def test_old_words_are_emptied_and_their_places_stay(room: World) -> None:
    made = room.put(room.as_(ANN), "books", BOOK, SHOWN | {"title": "Clay"})
    room.put(room.as_(ANN), "books", BOOK, {"title": "Kiln"}, base_seq=made.seq)

    def versions() -> list[tuple[int, int]]:
        counted = (
            "SELECT count(*), count(body) FROM sync_history WHERE tenant_id = :tenant AND record_id = :id"
        )
        return [tuple(row) for row in room.ask(counted, id=BOOK)]

    room.later(timedelta(days=729))
    run(room, lambda c: purge.old_words(c, room.tenant, room.now))
    assert versions() == [(1, 1)]
    room.later(timedelta(days=2))
    run(room, lambda c: purge.old_words(c, room.tenant, room.now))
    assert versions() == [(1, 0)]


def test_what_a_lost_device_sent_is_forgotten_with_it(room: World) -> None:
    row = {"collection": "books", "person_id": BOB, "seq": 5, "op_id": "wm-1", "base": 1, "said": "x"}
    for name in ("phone-heard", "phone-lost"):
        said = row | {
            "tenant_id": room.tenant,
            "device_id": name,
            "record_id": BOOK,
            "fields": "{}",
            "dirty": False,
        }
        run(room, lambda c, said=said: upsert_rows(c, sent, [said], ("seq",)))
        run(room, lambda c, name=name: devices.seen(c, room.as_(BOB, name), room.now, None))
    room.later(timedelta(days=399))
    run(room, lambda c: devices.seen(c, room.as_(BOB, "phone-heard"), room.now, None))
    run(room, lambda c: purge.unread_words(c, room.tenant, room.now))
    kept = "SELECT device_id FROM sync_sent WHERE tenant_id = :tenant ORDER BY device_id"
    assert [name for (name,) in room.ask(kept)] == ["phone-heard", "phone-lost"]
    room.later(timedelta(days=2))
    run(room, lambda c: purge.unread_words(c, room.tenant, room.now))
    assert [name for (name,) in room.ask(kept)] == ["phone-heard"]


def test_the_clock_is_marked_once_a_day(room: World) -> None:
    for hours in (0, 3, 20, 2):
        room.later(timedelta(hours=hours))
        mark(room)
    ((marks,),) = room.ask("SELECT count(*) FROM sync_mark WHERE tenant_id = :tenant")
    assert marks == 2
