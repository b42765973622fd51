"""The feed: pages and their ends, cursors that are refused, and digests."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import literal, select, text

from schemas.problems import Refused
from sync.cursor import Cursor
from sync.server import audience, feed, restore
from tests.sync.server import both_pulls
from tests.sync.server.world import ANN, BOB, BOOK, EVE, ROOM, SHELF, World

SHOWN = {"shelf_id": SHELF, "state": "shown"}


def many_books(world: World, count: int) -> None:
    world.push(world.as_(ANN), *(world.change("books", f"book-{n:04}", SHOWN) for n in range(count)))


def read(
    world: World, person: str, *collections: str, cursor: Cursor | None = None, limit: int = 500
) -> both_pulls.Page:
    with world.transaction() as connection:
        return both_pulls.pull(connection, world.as_(person), collections, cursor or Cursor(), limit)


def others(world: World, person: str) -> dict[str, list[str]]:
    with world.transaction() as connection:
        page = feed.pull(connection, world.as_(person), ["shelves", "books"], Cursor(), 500)
    return {name: list(ids) for name, ids in page.others.items()}


def told(world: World, person: str, collection: str) -> feed.Digest:
    with world.transaction() as connection:
        return feed.digest(connection, world.as_(person), collection)


@pytest.mark.parametrize(("limit", "sizes"), [(3, [3, 3, 1]), (7, [7, 0]), (8, [7]), (1, [1] * 7 + [0])])
def test_pages_are_full_until_the_last(room: World, limit: int, sizes: list[int]) -> None:
    many_books(room, 7)
    cursor, pages = Cursor(), []
    while True:
        pages.append(read(room, BOB, "books", cursor=cursor, limit=limit))
        cursor = pages[-1].cursor
        if not pages[-1].more:
            break
    assert [len(page.rows) for page in pages] == sizes
    assert [row.id for page in pages for row in page.rows] == [f"book-{n:04}" for n in range(7)]
    assert cursor.seq == room.clock
    assert len({page.cursor.boot for page in pages}) == 1


def test_a_phone_with_nothing_new_gets_its_cursor_back(room: World) -> None:
    cursor = read(room, BOB, "books").cursor
    assert read(room, BOB, "books", cursor=cursor) == both_pulls.Page([], cursor, False)


def test_a_page_goes_past_what_is_not_for_her(room: World) -> None:
    cursor = read(room, BOB, "books").cursor
    room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "state": "secret"})
    page = read(room, BOB, "books", cursor=cursor)
    assert (page.rows, page.cursor.seq) == ([], room.clock)


def test_only_the_collections_that_were_asked_for_come(room: World) -> None:
    many_books(room, 1)
    assert {row.collection for row in read(room, BOB, "books").rows} == {"books"}
    assert {row.collection for row in read(room, BOB, "shelves").rows} == {"shelves"}
    assert {row.collection for row in read(room, BOB, "books", "shelves").rows} == {"books", "shelves"}
    assert read(room, BOB).rows == []


def test_a_page_names_what_others_wrote_and_carries_the_body_as_it_was_stored(room: World) -> None:
    seq = room.put(room.as_(ANN), "books", BOOK, SHOWN).seq
    (row,) = read(room, BOB, "books").rows
    assert (others(room, BOB), others(room, ANN)) == ({"shelves": [SHELF], "books": [BOOK]}, {})
    stored = room.ask("SELECT body FROM sync_document WHERE tenant_id = :tenant AND record_id = :id", id=BOOK)
    assert (row.id, row.seq, row.visible, row.body) == (BOOK, seq, True, stored[0].body)


def test_a_tombstone_carries_nothing(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, SHOWN)
    cursor = read(room, BOB, "books").cursor
    room.delete(room.as_(ANN), "books", BOOK)
    (row,) = read(room, BOB, "books", cursor=cursor).rows
    assert (row.id, row.visible, row.body) == (BOOK, False, None)
    assert read(room, BOB, "books").rows == []  # a first sync has none


def test_a_cursor_of_other_collections_is_refused(room: World) -> None:
    cursor = read(room, BOB, "books").cursor
    with pytest.raises(Refused) as refused:
        read(room, BOB, "books", "shelves", cursor=cursor)
    assert refused.value.problem.slug == "invalid-cursor"
    both = read(room, BOB, "books", "shelves").cursor
    assert read(room, BOB, "shelves", "books", cursor=both).rows == []  # their order says nothing


def reset_of(world: World, cursor: Cursor) -> bool:
    """Whether the reset that answers this cursor speaks of a restore."""
    with pytest.raises(Refused) as refused:
        read(world, BOB, "books", cursor=cursor)
    assert refused.value.problem.slug == "sync-reset-required"
    assert refused.value.problem.status == 410
    return bool(refused.value.extra["restored"])


def test_a_cursor_from_the_future_is_of_a_lost_life(room: World) -> None:
    cursor = read(room, BOB, "books").cursor
    assert reset_of(room, cursor.at(room.clock + 1)) is True


def test_a_cursor_below_the_horizon_is_too_old(room: World) -> None:
    old = read(room, BOB, "books").cursor
    many_books(room, 3)
    horizon = room.clock
    with room.transaction() as connection:
        connection.execute(
            text("UPDATE sync_clock SET horizon = :h WHERE tenant_id = :tenant"),
            {"h": horizon, "tenant": room.tenant},
        )
    assert reset_of(room, old) is False
    first = read(room, BOB, "books", limit=1)  # born after the horizon, though it has read little yet
    assert first.cursor.seq < horizon
    assert len(read(room, BOB, "books", cursor=first.cursor).rows) == 2


def test_after_a_new_life_every_cursor_is_answered_with_a_reset(room: World) -> None:
    many_books(room, 1)
    cursor, before = read(room, BOB, "books").cursor, room.clock
    with room.transaction() as connection:
        life = restore.begin_new_life(connection, room.tenant, room.now)
    assert life.seq >= before + 10**9
    assert reset_of(room, cursor) is True
    fresh = read(room, BOB, "books")
    assert [row.id for row in fresh.rows] == ["book-0000"]
    assert (fresh.cursor.seq, fresh.cursor.boot, fresh.cursor.epoch) == (life.seq, life.seq, life.epoch)
    assert room.put(room.as_(ANN), "books", BOOK, SHOWN).seq == life.seq + 1
    assert [row.id for row in read(room, BOB, "books", cursor=fresh.cursor).rows] == [BOOK]


def test_the_same_backup_restored_twice_begins_two_lives(room: World) -> None:
    with room.transaction() as connection:
        first = restore.begin_new_life(connection, room.tenant, room.now)
        connection.execute(
            text("UPDATE sync_clock SET seq = 20, epoch = 1, horizon = 0 WHERE tenant_id = :tenant"),
            {"tenant": room.tenant},
        )
        second = restore.begin_new_life(connection, room.tenant, room.now + timedelta(hours=1))
    assert second.epoch > first.epoch
    assert second.seq > first.seq


def test_a_digest_is_what_a_phone_computes(room: World) -> None:
    many_books(room, 5)
    room.put(room.as_(ANN), "books", "book-0001", {"title": "anew"})
    room.delete(room.as_(ANN), "books", "book-0002")
    bits = 0
    for row in read(room, BOB, "books").rows:
        bits ^= int.from_bytes(hashlib.sha256(f"{row.id}:{row.seq}".encode()).digest()[:8])
    assert told(room, BOB, "books") == feed.Digest(4, f"{bits:016x}", room.clock)
    assert told(room, EVE, "books") == feed.Digest(0, "0" * 16, room.clock)
    assert told(room, BOB, "novels") == feed.Digest(0, "0" * 16, room.clock)


def test_a_grant_touches_no_record(room: World) -> None:
    many_books(room, 50)
    written = (
        "SELECT record_id, seq, pos, xmin::text AS x FROM sync_entry WHERE tenant_id = :tenant ORDER BY 1, 2"
    )
    before, clock = room.ask(written), room.clock
    room.grant(EVE, ROOM)
    assert room.ask(written) == before
    assert room.clock == clock + 51 + 1
    assert len(read(room, EVE, "books").rows) == 50
    room.grant(EVE, ROOM)  # she is in already
    assert room.clock == clock + 52
    room.grant(EVE, ROOM, active=False)
    assert room.ask(written) == before


def test_nothing_crosses_tenants(room: World) -> None:
    elsewhere = World(room.database)
    elsewhere.grant(ANN, ROOM)
    many_books(room, 3)
    assert read(elsewhere, ANN, "books", "shelves").rows == []
    assert told(elsewhere, ANN, "books").count == 0
    assert elsewhere.put(elsewhere.as_(ANN), "books", "book-0001", {"title": "x"}).record is None
    assert "title" not in (room.sees(ANN, "books")["book-0001"]["title"] or "")
    with elsewhere.transaction() as connection:
        assert audience.find(connection, elsewhere.as_(ANN), "books", "book-0001") is None


def test_the_predicate_and_the_finder_say_what_the_feed_says(room: World) -> None:
    room.put(room.as_(ANN), "books", BOOK, SHOWN)
    room.put(room.as_(ANN), "books", "book-two", {"shelf_id": SHELF, "state": "secret"})
    room.put(room.as_(ANN), "books", "book-gone", SHOWN)
    room.delete(room.as_(ANN), "books", "book-gone")
    for person, books in ((ANN, {BOOK, "book-two"}), (BOB, {BOOK}), (EVE, set())):
        assert room.sees(person, "books").keys() == books
        for book in (BOOK, "book-two", "book-gone", "book-nowhere"):
            with room.transaction() as connection:
                found = audience.find(connection, room.as_(person), "books", book)
                may = connection.scalar(select(audience.visible(room.as_(person), "books", literal(book))))
            assert (found is not None, may) == (book in books, book in books)


@pytest.mark.parametrize("at_once", [1, 2, 3, 6, 7])
def test_a_page_is_the_same_in_whatever_pieces_it_was_made(
    room: World, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    many_books(room, 7)
    whole, first = read(room, BOB, "books"), read(room, BOB, "books", limit=6)
    monkeypatch.setattr(feed, "AT_ONCE", at_once)
    assert read(room, BOB, "books") == whole
    assert read(room, BOB, "books", limit=6) == first


@pytest.mark.parametrize("at_once", [1, 2, 64])
def test_a_page_of_long_bodies_is_cut_by_their_size(
    room: World, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    many_books(room, 7)
    monkeypatch.setattr(feed, "AT_ONCE", at_once)
    monkeypatch.setattr(feed, "LARGEST_TEXT", 700)  # two or three books
    cursor, found, sizes = Cursor(), [], []
    while True:
        with room.transaction() as connection:
            page = feed.pull(connection, room.as_(BOB), ["books"], cursor, 500)
        rows = orjson.loads(b"[%s]" % b"".join(page.parts()))
        sizes.append(len(rows))
        found += [row["id"] for row in rows]
        cursor = page.cursor
        if not page.more:
            break
    assert found == [f"book-{n:04}" for n in range(7)]
    assert max(sizes) < 4
    assert cursor == read(room, BOB, "books", cursor=cursor).cursor


def test_one_body_longer_than_a_page_is_sent_all_the_same(
    room: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_books(room, 2)
    monkeypatch.setattr(feed, "LARGEST_TEXT", 1)
    with room.transaction() as connection:
        page = feed.pull(connection, room.as_(BOB), ["books"], Cursor(), 500)
    assert [row["id"] for row in orjson.loads(b"[%s]" % b"".join(page.parts()))] == ["book-0000"]
    assert page.more
