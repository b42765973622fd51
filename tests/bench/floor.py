"""What nothing can beat here: the same rows and the same questions without a server, or with one that does nothing else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import orjson
import psycopg

from service.dev.ports import free_pair
from tests.bench.installing import PACKAGES
from tests.bench.notes import others_note
from tests.bench.program import Foreign
from tests.bench.rig import Rig
from tests.bench.wire import Script, drive, request
from tests.bench.works import Figure, Sizes

DATABASE = "bench_floor"
TABLE = "CREATE TABLE notes (number bigint PRIMARY KEY, id text NOT NULL, body text NOT NULL)"
BATCH, COMMITS, ASKED = 500, 500, 2000
Session = psycopg.Connection[tuple[object, ...]]


def floor(rig: Rig, sizes: Sizes) -> Iterator[Figure]:
    """Each floor, in the words of the work that it is the floor of."""
    rig.fresh(DATABASE)
    bodies = [orjson.dumps(others_note(number, 0)).decode() for number in range(sizes.notes)]
    with rig.admin(DATABASE) as session:
        session.execute(TABLE)
        yield from _writing(session, bodies)
        yield from _reading(session, len(bodies))
        yield Figure("W3 commits of one row", COMMITS / _timed(partial(_commits, session)), "commits/s")
    yield from _asking(rig, sizes)


def _writing(session: Session, bodies: Sequence[str]) -> Iterator[Figure]:
    def inserted() -> None:
        for start in range(0, len(bodies), BATCH):
            some = bodies[start : start + BATCH]
            numbers = list(range(start, start + len(some)))
            session.execute(
                "INSERT INTO notes SELECT n, said::jsonb ->> 'id', said FROM unnest(%s::bigint[], %s::text[]) AS new(n, said)",
                [numbers, some],
            )

    def copied() -> None:
        with session.cursor() as cursor, cursor.copy("COPY notes FROM STDIN") as copy:
            for number, body in enumerate(bodies):
                copy.write_row((number, str(number), body))

    for name, write in (("W1 COPY", copied), (f"W1 INSERT, {BATCH} rows each", inserted)):
        session.execute("TRUNCATE notes")
        yield Figure(name, len(bodies) / _timed(write), "docs/s")


def _reading(session: Session, there: int) -> Iterator[Figure]:
    session.execute("VACUUM ANALYZE notes")
    ways = {
        "W2 JSON by string_agg": "SELECT '[' || string_agg(body, ',' ORDER BY number) || ']' FROM notes",
        "W2 JSON by json_agg": "SELECT json_agg(body::json ORDER BY number) FROM notes",
    }
    for name, statement in ways.items():
        session.execute(statement.encode())
        yield Figure(name, there / _timed(partial(session.execute, statement.encode())), "docs/s")


def _commits(session: Session) -> None:
    for number in range(COMMITS):
        session.execute("INSERT INTO notes VALUES (%s, '', '')", [-1 - number])


def _asking(rig: Rig, sizes: Sizes) -> Iterator[Figure]:
    """Flask, and one SELECT by key, served as ours is."""
    with flask_and_one_select(rig) as address:
        asked = request("GET", "/")
        scripts = [_often(asked, ASKED // sizes.crowd) for _ in range(sizes.crowd)]
        driven = drive(address, scripts)
    yield Figure("W4 Flask + one SELECT", sum(driven.results) / driven.seconds, "requests/s")


def _often(asked: bytes, times: int) -> Script[int]:
    for _ in range(times):
        (yield asked).good()
    return times


@contextmanager
def flask_and_one_select(rig: Rig) -> Iterator[tuple[str, int]]:
    """The smallest server that asks PostgreSQL: two processes of eight threads."""
    port = free_pair()
    command = [sys.executable, "-m", "service.serve", "smallest:app", f"--port={port}"]
    env = {
        **os.environ,
        "PYTHONPATH": str(PACKAGES),
        "BENCH_DATABASE": rig.postgres.conninfo(DATABASE),
    }
    health, log = f"http://127.0.0.1:{port}/", rig.home / "logs" / "smallest.log"
    server = Foreign("the smallest server", command, health=health, env=env, log=log)
    server.start()
    try:
        yield ("127.0.0.1", port)
    finally:
        server.stop()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
