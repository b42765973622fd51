"""What only this server has: the doors of RxDB and WatermelonDB, compressed answers, notes that others read, listeners."""

from __future__ import annotations

import gzip
import statistics
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import orjson

from schemas.sync import LARGEST_PAGE, LARGEST_WHOLE_PAGE
from service.dev.measure_live import latencies, make_crowd
from sync.cursor import Cursor
from sync.server import feed
from sync.server.actor import Actor
from tests.bench.wire import Script, drive, request
from tests.bench.works import Figure, Round, demand, speed

if TYPE_CHECKING:
    from tests.bench.ours import OurPlace, Ours


def cursor_of(page: bytes) -> str:
    """The cursor of a native page, read without reading the page."""
    start = page.rfind(b'"cursor":"') + 10
    return page[start : page.index(b'"', start)].decode()


def shared(ours: Ours, doing: Round) -> Iterator[Figure]:
    """W1 again: each client is an observer of her own, whose notes the host reads at once."""
    each = doing.sizes.notes // doing.sizes.writers
    place = ours.place(doing.sizes.writers, state="shared")
    scripts = [place.push(client, client * each, each) for client in range(doing.sizes.writers)]
    with doing.metered() as cost:
        driven = drive(ours.address, scripts)
    demand(sum(driven.results) == place.stored() == each * len(scripts), "W1 shared", place.stored())
    yield speed("W1 push, the host reads them too", "docs/s", place.stored(), driven, cost, len(scripts))


def other_doors(ours: Ours, doing: Round) -> Iterator[Figure]:
    """W2 again, through each of the other doors, and with compressed answers."""
    place = doing.filled()
    doors: dict[str, Callable[[OurPlace], Script[int]]] = {
        "RxDB door": rxdb,
        "WatermelonDB door": watermelon,
        "gzip": compressed,
    }
    for name, pull in doors.items():
        with doing.metered() as cost:
            driven = drive(ours.address, [pull(place)])  # type: ignore[arg-type]  # the place of a round of ours is ours
        demand(driven.results == [place.stored()], f"W2 {name}", driven.results)
        yield speed(f"W2 cold pull, 1 client, {name}", "docs/s", place.stored(), driven, cost, 1)
    yield alone(ours, place)  # type: ignore[arg-type]  # the place of a round of ours is ours


def alone(ours: Ours, place: OurPlace) -> Figure:
    """W2's floor: the same pages by the engine's pull in this process, without HTTP."""
    actor, began = Actor(place.tenant_id, place.observers[0], "bench-desk"), time.perf_counter()
    with ours.services.database.begin(place.tenant_id) as connection:
        cursor, more = Cursor(), True
        while more:
            page = feed.pull(connection, actor, ["notes"], cursor, LARGEST_PAGE)
            cursor, more = page.cursor, page.more
    return Figure("W2 the engine's pull alone", place.stored() / (time.perf_counter() - began), "docs/s")


def rxdb(place: OurPlace) -> Script[int]:
    """A cold pull as RxDB's replication does it; returns how many notes came."""
    came, checkpoint = 0, {"seq": 0, "boot": 0, "epoch": 0}
    while True:
        query = "&".join(f"{name}={value}" for name, value in checkpoint.items())
        path = f"/v1/sync/rxdb/notes/pull?{query}&limit={LARGEST_WHOLE_PAGE}"
        page = (yield request("GET", path, headers=place.phones[0])).good()
        came += (here := page.count(b'"visit_id":'))
        if here < LARGEST_WHOLE_PAGE:
            return came
        checkpoint = orjson.loads(page[page.rindex(b'"checkpoint":') + 13 : -1])


def watermelon(place: OurPlace) -> Script[int]:
    """A cold pull as WatermelonDB's synchronize does it, a page at a time; returns how many notes came."""
    came, last, more = 0, "null", True
    while more:
        query = f"last_pulled_at={last}&schema_version=1&migration=null&collections=notes&limit={LARGEST_WHOLE_PAGE}"
        page = (yield request("GET", f"/v1/sync/watermelon?{query}", headers=place.phones[0])).good()
        came += page.count(b'"visit_id":')
        said = orjson.loads(b"{" + page[page.rindex(b'"timestamp":') :])
        last, more = str(said["timestamp"]), said["has_more"]
    return came


def compressed(place: OurPlace) -> Script[int]:
    """A cold pull of the native door, gzip on the wire; returns how many notes came."""
    came, cursor, more, shrunk = 0, None, True, 0
    while more:
        answer = yield place.pulling(0, cursor, encoding="gzip")
        page = answer.good()
        if b"\ncontent-encoding: gzip" in answer.head.lower():  # a page of next to nothing is not worth it
            page, shrunk = gzip.decompress(page), shrunk + 1
        came += page.count(b'"visit_id":')
        cursor, more = cursor_of(page), page.endswith(b'"more":true}')
    assert shrunk, "nothing was compressed"
    return came


def poked(ours: Ours, doing: Round) -> Iterator[Figure]:
    """W6: milliseconds from the acknowledgement of a push until the last of the listeners was told."""
    with ours.live(), doing.metered() as cost:
        crowd = make_crowd(ours.settings)
        try:
            crowd.listen(doing.sizes.listeners)
            found = list(latencies(crowd, doing.sizes.pokes))
        finally:
            for stream in crowd.streams:
                stream.close()
            crowd.database.dispose()
    yield Figure(
        f"W6 {doing.sizes.listeners} listeners, last one poked after the ack",
        statistics.median(found),
        "ms",
        cost,
    )
