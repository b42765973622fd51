"""Many threads at one tenant: some push, some read on while they do, and some pushes are sent on two lines at once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from sync.changes import Change, Outcome, Status
from sync.cursor import Cursor
from sync.server.actor import Actor
from tests.sync.server import both_pulls
from tests.sync.server.world import SHELF, World

PATIENCE_S = 120.0
"""How long a phone goes on trying."""


@dataclass
class Reader:
    """A phone that reads on and on; `rows` are the numbers of the books that it holds."""

    actor: Actor
    cursor: Cursor = field(default_factory=Cursor)
    rows: dict[str, int] = field(default_factory=dict)
    pages: int = 0

    def read(self, world: World, limit: int) -> bool:
        """One page; whether there is more at once."""
        with world.database.begin(world.tenant) as connection:
            page = both_pulls.read(connection, self.actor, ["books"], self.cursor, limit)
        assert page.cursor.seq >= self.cursor.seq
        for row in page.rows:
            self.rows.pop(row.id, None)
            if row.visible:
                self.rows[row.id] = row.seq
        self.cursor, self.pages = page.cursor, self.pages + 1
        return page.more


def new_books(world: World, writer: int, count: int) -> list[Change]:
    """Books of one writer."""
    said = {"shelf_id": SHELF, "state": "shown"}
    names = (f"{writer:02}-{n:04}" for n in range(count))
    return [world.change("books", f"book-{name}", said, op_id=f"op-new-{name}") for name in names]


def edits(world: World, writer: int, books: int, count: int) -> list[Change]:
    """Edits of one writer's own books, each of which changes something."""
    return [
        world.change(
            "books", f"book-{writer:02}-{n % books:04}", {"title": f"v{n}"}, op_id=f"op-{writer:02}-{n:04}"
        )
        for n in range(count)
    ]


class Race:
    """Writers and readers of one tenant; `answers` holds every outcome that came back, by op."""

    def __init__(self, world: World, *, slow_ms: int = 0) -> None:
        self.world, self.slow_ms = world, slow_ms
        self.answers: dict[str, list[Outcome]] = {}
        self.faults = Counter[str]()
        self._lock, self._over = threading.Lock(), threading.Event()

    def run(self, writers: list[tuple[Actor, list[Change]]], readers: list[Reader]) -> None:
        """Let all go at once; readers read to the end when the last writer is done."""
        with ThreadPoolExecutor(2 * len(writers) + len(readers)) as threads:
            reading = [threads.submit(self._read_on, reader) for reader in readers]
            writing = [threads.submit(self._write, threads, *writer) for writer in writers]
            try:
                _wait(writing)
            finally:
                self._over.set()
            _wait(reading)

    def insist(self, actor: Actor, changes: list[Change]) -> list[Outcome]:
        """Push until an answer comes, as a phone does."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._push(actor, changes)
            except DBAPIError as fault:  # no answer: the lock took too long, or the server is away
                self.faults[type(fault.orig).__name__] += 1
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _push(self, actor: Actor, changes: list[Change]) -> list[Outcome]:
        with self.world.database.begin(self.world.tenant) as connection:
            outcomes = self.world.door.push(connection, actor, changes)
            time.sleep(random.random() * self.slow_ms / 1000)  # some commit later than others
        with self._lock:
            for outcome in outcomes:
                self.answers.setdefault(outcome.op_id, []).append(outcome)
        return outcomes

    def _write(self, threads: ThreadPoolExecutor, actor: Actor, changes: list[Change]) -> None:
        """A few changes at a time, in their order; one push in three goes out twice at once."""
        chance = random.Random(actor.device_id)
        while changes:
            size = chance.randint(1, 4)
            some, changes = changes[:size], changes[size:]
            lines = 2 if chance.random() < 0.33 else 1
            _wait(
                [threads.submit(self.insist, actor, some) for _ in range(lines - 1)]
                + [_done(self, actor, some)]
            )

    def _read_on(self, reader: Reader) -> None:
        chance = random.Random(reader.actor.device_id)
        last, end = False, time.monotonic() + 2 * PATIENCE_S
        while time.monotonic() < end:
            last = last or self._over.is_set()
            try:
                more = reader.read(self.world, chance.choice((1, 3, 10, 100)))
            except DBAPIError as fault:
                self.faults[type(fault.orig).__name__] += 1
                time.sleep(0.05)
                continue
            if last and not more:
                return
            last = last and more
        raise TimeoutError(f"{reader.actor.device_id} never came to the end")


def _done(race: Race, actor: Actor, changes: list[Change]) -> Future[list[Outcome]]:
    """The push of this thread, as the future of one that is through."""
    done: Future[list[Outcome]] = Future()
    done.set_result(race.insist(actor, changes))
    return done


def _wait(futures: list[Future[None]] | list[Future[list[Outcome]]]) -> None:
    for future in futures:
        future.result()


def stored(world: World) -> dict[str, int]:
    """The number of each live book, as the server has it."""
    rows = world.ask(
        "SELECT record_id, seq FROM sync_document WHERE tenant_id = :tenant AND collection = 'books' AND NOT deleted"
    )
    return {row.record_id: row.seq for row in rows}


def skipped(world: World, readers: list[Reader]) -> int:
    """How many rows the readers together do not hold as they are."""
    truth = stored(world)
    return sum(reader.rows.get(book) != seq for reader in readers for book, seq in truth.items())


def first_answers(race: Race) -> dict[str, Outcome]:
    """The one answer of each op that was not a repetition; an op that was applied twice fails here."""
    first: dict[str, Outcome] = {}
    for op_id, outcomes in race.answers.items():
        made = [outcome for outcome in outcomes if outcome.status is not Status.REPEATED]
        assert len(made) <= 1, f"{op_id} was heard {len(made)} times"
        assert len({outcome.seq for outcome in outcomes}) == 1
        first[op_id] = outcomes[0]
    return first
