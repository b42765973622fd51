"""Many at once, on real threads and connections: nothing skipped, nothing twice, no number left out."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from service.database import Database
from service.dev.children import LaunchError
from service.dev.postgres import PostgreSQL
from sync.changes import Change, Status
from sync.server import ledger, sequence
from sync.server.actor import Actor
from sync.server.statement import Statement
from tests.sync.server.conftest import make_shelves
from tests.sync.server.race import Race, Reader, edits, first_answers, new_books, skipped, stored
from tests.sync.server.world import ANN, BOB, EVE, ROOM, SHELF, World

WRITERS, READERS = 6, 4


def furnish(world: World) -> World:
    """Ann and Bob in a room with a shelf."""
    for person in (ANN, BOB):
        world.grant(person, ROOM)
    world.put(world.as_(ANN), "shelves", SHELF, {"scopes": [ROOM]})
    return world


@pytest.fixture
def busy(session_database_url: str, shelves_database: Database) -> Iterator[World]:
    """The room, with as many connections as the threads want."""
    database = Database(session_database_url, pool_size=2 * WRITERS + READERS)
    yield furnish(World(database))
    database.dispose()


def phones(world: World, count: int = READERS) -> list[Reader]:
    return [Reader(world.as_((ANN, BOB)[n % 2], f"phone-{n}")) for n in range(count)]


def writers(world: World, changes: Callable[[World, int], list[Change]]) -> list[tuple[Actor, list[Change]]]:
    return [(world.as_(ANN, f"writer-{n}"), changes(world, n)) for n in range(WRITERS)]


def test_nothing_is_skipped_doubled_or_left_out(
    busy: World, record_property: Callable[[str, object], None]
) -> None:
    before, race, readers = busy.clock, Race(busy, slow_ms=5), phones(busy)

    def both(world: World, writer: int) -> list[Change]:
        return new_books(world, writer, 15) + edits(world, writer, 15, 30)

    race.run(writers(busy, both), readers)
    first = first_answers(race)
    assert len(first) == WRITERS * 45
    assert {outcome.status for outcome in first.values()} <= {Status.APPLIED, Status.MERGED, Status.REPEATED}
    assert sorted(o.seq or 0 for o in first.values()) == list(range(before + 1, before + 1 + len(first)))
    assert busy.clock == before + len(first)
    assert (len(stored(busy)), skipped(busy, readers)) == (WRITERS * 15, 0)
    kept = busy.ask(
        "SELECT count(*) AS n FROM sync_history WHERE tenant_id = :tenant AND collection = 'books'"
    )
    assert kept[0].n == WRITERS * 30  # each edit replaced one body, once
    again = sum(len(outcomes) - 1 for outcomes in race.answers.values())
    assert again > 0
    pages = sum(reader.pages for reader in readers)
    record_property(
        "race", f"{len(first)} ops of {WRITERS} writers, {again} answered again, {pages} pages read meanwhile"
    )


def test_all_writers_want_the_same_record(busy: World) -> None:
    """Each says another title over what it last saw; one number each, and the last of them stands everywhere."""
    before, race, readers = busy.clock, Race(busy), phones(busy)
    seq = busy.put(busy.as_(ANN), "books", "book-one", {"shelf_id": SHELF, "state": "shown"}).seq

    def same(world: World, writer: int) -> list[Change]:
        titles = (f"{writer}.{n}" for n in range(10))
        return [world.change("books", "book-one", {"title": title}, base_seq=seq) for title in titles]

    race.run(writers(busy, same), readers)
    first = first_answers(race)
    assert sorted(o.seq or 0 for o in first.values()) == list(range(before + 2, before + 2 + 60))
    assert stored(busy) == {"book-one": before + 61}
    assert [reader.rows for reader in readers] == [{"book-one": before + 61}] * READERS


def test_the_first_pushes_of_a_tenant_come_at_once(busy: World) -> None:
    world = World(busy.database)
    start, outcomes = threading.Barrier(8), list[Status]()

    def push(n: int) -> None:
        start.wait()
        outcomes.append(world.put(world.system, "shelves", f"shelf-{n:04}", {"scopes": [ROOM]}).status)

    threads = [threading.Thread(target=push, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Status.APPLIED] * 8
    assert world.clock == 1 + 8


def test_someone_comes_and_goes_while_others_write(busy: World) -> None:
    race, guest = Race(busy, slow_ms=2), Reader(busy.as_(EVE))
    over = threading.Event()

    def come_and_go() -> None:
        active = False
        while not over.is_set():
            active = not active
            busy.grant(EVE, ROOM, active)
        busy.grant(EVE, ROOM, True)

    coming = threading.Thread(target=come_and_go)
    coming.start()
    try:
        race.run(writers(busy, lambda world, n: new_books(world, n, 10)), [guest])
    finally:
        over.set()
        coming.join()
    while guest.read(busy, 7):
        pass
    assert guest.rows == stored(busy)
    busy.grant(EVE, ROOM, False)
    while guest.read(busy, 7):
        pass
    assert guest.rows == {}


def test_without_the_clock_row_readers_skip(
    busy: World, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    for n in range(WRITERS):
        busy.push(busy.as_(ANN, f"writer-{n}"), *new_books(busy, n, 3))
    assert skipped_in_a_race(busy, "with") == 0
    bare_sequence(busy, monkeypatch)
    lost = skipped_in_a_race(busy, "without")
    assert lost > 0, "a bare sequence lost nothing"
    record_property(
        "ablation", f"without_clock_row: {lost} of {READERS * WRITERS * 3} rows are not up to date"
    )


def skipped_in_a_race(world: World, title: str) -> int:
    """Writers edit three books each while phones that know them read on; how many rows those do not hold in the end."""
    race, readers = Race(world, slow_ms=30), phones(world)
    for reader in readers:
        while reader.read(world, 100):
            pass

    def changes(_: World, writer: int) -> list[Change]:
        return [
            world.change("books", one.id, {"title": f"{title} {number}"})
            for number, one in enumerate(edits(world, writer, 3, 30))
        ]

    race.run(writers(world, changes), readers)
    titles = [book["title"] for book in world.sees(ANN, "books").values()]
    assert len(titles) == WRITERS * 3
    assert all(said.startswith(f"{title} 2") for said in titles)  # the last edits were written
    return skipped(world, readers)


def bare_sequence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are taken and given free at once, so that a later one may be committed before an earlier one."""
    take_ten = Statement("UPDATE sync_clock SET seq = seq + 10 WHERE tenant_id = :tenant")

    locked = sequence._LOCK

    def take(tenant_id: UUID, rows: list[object]) -> sequence.Sequence:
        with world.database.begin(tenant_id) as other:
            row = locked.row(other, tenant=tenant_id)
            take_ten.run(other, tenant=tenant_id)
        return sequence.Sequence(tenant_id, *row)

    monkeypatch.setattr(sequence, "_LOCK", sequence._READ)
    monkeypatch.setattr(sequence, "taken", take)
    said = ledger._STORE.text
    assert said.count("UPDATE sync_clock SET seq = :seq WHERE tenant_id = :tenant") == 1
    free = said.replace("UPDATE sync_clock SET seq = :seq WHERE tenant_id = :tenant", "SELECT :seq")
    monkeypatch.setattr(ledger, "_STORE", Statement(free))


# the server itself is killed


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PostgreSQL]:
    """A PostgreSQL of this test alone, that waits for the disk."""
    server = PostgreSQL(tmp_path / "postgres", durable=True)
    server.start()
    yield server
    server.kill()


def come_back(server: PostgreSQL, patience: float = 60) -> None:
    """Start anew; what the killed one left behind may still be going away."""
    end = time.monotonic() + patience
    while True:
        try:
            return server.start()
        except LaunchError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def kill_a_backend(server: PostgreSQL) -> None:
    """Kill -9 one process that is writing: PostgreSQL throws all others out and recovers."""
    with psycopg.connect(server.conninfo("school"), autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE usename = 'comewatch_rw' ORDER BY state = 'active' DESC LIMIT 1"
        ).fetchone()
    assert found
    os.kill(int(str(found[0])), signal.SIGKILL)


def kill_the_server(server: PostgreSQL) -> None:
    assert server.process
    server.process.kill()
    server.process.wait()
    come_back(server)


@pytest.fixture
def school(own_server: PostgreSQL) -> Iterator[World]:
    from service.migrations import upgrade

    with psycopg.connect(own_server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE school")
    upgrade(own_server.url("school"))
    make_shelves(own_server.url("school"))
    database = Database(own_server.url("school", "comewatch_rw"), pool_size=2 * WRITERS + READERS)
    yield furnish(World(database))
    database.dispose()


def test_nothing_acknowledged_is_lost_by_kill_9(
    own_server: PostgreSQL, school: World, record_property: Callable[[str, object], None]
) -> None:
    before, race, readers = school.clock, Race(school), phones(school, 2)
    all_of_them = writers(school, lambda world, n: new_books(world, n, 25) + edits(world, n, 25, 50))
    with ThreadPoolExecutor(
        1
    ) as thread:  # the servers die with the thread that starts them, so that is this one
        racing = thread.submit(race.run, all_of_them, readers)
        for share, kill in ((1 / 3, kill_a_backend), (2 / 3, kill_the_server)):
            while len(race.answers) < WRITERS * 75 * share and not racing.done():
                time.sleep(0.01)
            kill(own_server)
        racing.result()
    first = first_answers(race)
    assert len(first) == WRITERS * 75
    assert sorted(o.seq or 0 for o in first.values()) == list(range(before + 1, before + 1 + len(first)))
    assert school.clock == before + len(first)
    assert (len(stored(school)), skipped(school, readers)) == (WRITERS * 25, 0)
    for actor, changes in all_of_them:
        for outcome in school.push(actor, *changes):
            assert (outcome.status, outcome.problem) == (Status.REPEATED, None)
    kept = school.ask(
        "SELECT count(*) AS n FROM sync_history WHERE tenant_id = :tenant AND collection = 'books'"
    )
    assert kept[0].n == WRITERS * 50
    assert sum(race.faults.values()) > 0  # the kills did hit
    record_property(
        "race",
        f"kill -9 of a backend and of PostgreSQL: {len(first)} ops, {sum(race.faults.values())} faults",
    )
