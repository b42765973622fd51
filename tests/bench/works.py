"""W1 to W6 as the design names them: what is done to a contender, and the figure that comes of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench.meter import PROCESSORS, Cost, metered
from tests.bench.place import Contender, Place, skipped
from tests.bench.wire import Driven, drive

FEW, TURNS = 5, 10
"""W5: notes that are new at each pull, and how often small and large take turns."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each work is done; the design's own by default."""

    notes: int = 10_000
    many: int = 100_000
    most: int = 1_000_000
    writers: int = 8
    crowd: int = 16
    pairs: int = 40
    nothing: int = 100
    increments: int = 100
    listeners: int = 100
    pokes: int = 50
    pulls: int = 400
    scopes: int = 300


@dataclass(slots=True)
class Figure:
    """One line of the table for one contender in one round.

    `unhindered` is the speed that the processor time allows, were nobody else on the machine: what `value` tends to when it
    is quiet. None where there is no speed.
    """

    line: str
    value: float
    unit: str
    cost: Cost = field(default_factory=Cost)
    unhindered: float | None = None


def speed(line: str, unit: str, amount: int, driven: Driven[Any], cost: Cost, clients: int) -> Figure:
    """So much in so many seconds, by so many clients at once."""
    at_once = min(clients, PROCESSORS)
    unhindered = amount * at_once / cost.ours_s if cost.ours_s else None
    return Figure(line, amount / driven.seconds, unit, cost, unhindered)


class CountError(Exception):
    """The server did not hold, or did not send, what it should have: its figure would mean nothing."""


@dataclass
class Round:
    """One contender, one round; `filled` is a place with `sizes.notes` in it, made by W1 or unmeasured."""

    contender: Contender
    postgres: int
    sizes: Sizes
    _filled: Place | None = None

    @contextmanager
    def metered(self) -> Iterator[Cost]:
        with metered(self.contender.pids, self.postgres) as cost:
            yield cost

    @property
    def clients(self) -> int:
        return max(self.sizes.crowd, self.sizes.writers)

    def filled(self) -> Place:
        if self._filled is None:
            self._filled = self.contender.place(self.clients)
            self._filled.fill(0, self.sizes.notes)
        self._filled.renew()
        return self._filled

    # the works

    def w1(self) -> Iterator[Figure]:
        notes = self.sizes.notes // self.contender.slow
        place, each = self.contender.place(self.clients), notes // self.sizes.writers
        scripts = [place.push(client, client * each, each) for client in range(self.sizes.writers)]
        with self.metered() as cost:
            driven = drive(self.contender.address, scripts)
        demand(sum(driven.results) == place.stored() == each * len(scripts), "W1", place.stored())
        if self.contender.slow == 1:
            self._filled = place
        yield speed("W1 push", "docs/s", place.stored(), driven, cost, self.sizes.writers)
        yield Figure("W1 told to come again", place.again, "times")

    def w2(self) -> Iterator[Figure]:
        place = self.filled()
        for clients in (1, self.sizes.writers):
            with self.metered() as cost:
                driven = drive(self.contender.address, [place.pull(client) for client in range(clients)])
            demand(set(driven.results) == {place.stored()}, "W2", driven.results)
            line = f"W2 cold pull, {clients} client{'s' * (clients > 1)}"
            yield speed(line, "docs/s", sum(driven.results), driven, cost, clients)

    def w3(self) -> Iterator[Figure]:
        place, each = self.contender.place(self.clients), self.sizes.pairs
        scripts = [place.pairs(client, client * each, each) for client in range(self.sizes.crowd)]
        with self.metered() as cost:
            driven = drive(self.contender.address, scripts)
        acknowledged = sum(len(read.acknowledged) for read in driven.results)
        demand(acknowledged == place.stored() == each * len(scripts), "W3", place.stored())
        yield speed("W3 push 1, pull since", "pairs/s", acknowledged, driven, cost, self.sizes.crowd)
        # all has been written now: whoever reads on from where she is must have everything
        onward = [place.onward(client, read) for client, read in enumerate(driven.results)]
        missed = skipped(drive(self.contender.address, onward).results, place.ids)
        yield Figure("W3 acknowledged rows skipped", len(missed), f"of {acknowledged}")

    def w4(self) -> Iterator[Figure]:
        place, crowd = self.filled(), range(self.sizes.crowd)
        since = drive(self.contender.address, [place.caught_up(client) for client in crowd]).results
        scripts = [place.nothing(client, since[client], self.sizes.nothing) for client in crowd]
        with self.metered() as cost:
            driven = drive(self.contender.address, scripts)
        demand(set(driven.results) == {self.sizes.nothing}, "W4", driven.results)
        yield speed("W4 nothing new", "requests/s", sum(driven.results), driven, cost, self.sizes.crowd)

    def w5(self) -> Iterator[Figure]:
        small, large = self.filled(), self.contender.place(self.clients)
        large.fill(0, self.sizes.many)
        large.renew()
        readers = [Reader(self, place) for place in (small, large)]
        found: list[list[float]] = [[], []]
        with self.metered() as cost:
            for _ in range(TURNS):  # by turns, so that whatever else happens here happens to both
                for reader, all_times in zip(readers, found, strict=True):
                    all_times.extend(reader.news(self.sizes.increments // TURNS))
        few, many = map(statistics.median, found)
        yield Figure(f"W5 pull p50, {self.sizes.notes:,} notes there", few, "ms", cost)
        yield Figure(f"W5 pull p50, {self.sizes.many:,} notes there", many, "ms")
        yield Figure(f"W5 {self.sizes.many:,} against {self.sizes.notes:,}", many / few, "times")

    def nothing_common(self) -> Iterator[Figure]:
        """A work that only some servers can do, each in its own way: see their `also`."""
        return iter(())


class Reader:
    """A phone that has read all of a place, and reads on a few notes at a time."""

    def __init__(self, doing: Round, place: Place) -> None:
        self.address, self.place, self.written = doing.contender.address, place, 10 * doing.sizes.many
        (self.since,) = drive(self.address, [place.caught_up(0)]).results

    def news(self, times: int) -> list[float]:
        """Milliseconds of each of so many readings of a few new notes."""
        script = self.place.news(0, self.since, self.written, times, FEW)
        self.written += times * FEW
        ((found, self.since),) = drive(self.address, [script]).results
        return found


def demand(holds: bool, work: str, found: object) -> None:
    """Raise CountError where a work did not do what it says."""
    if not holds:
        raise CountError(f"{work}: the counts do not agree: {found}")


WORKS: dict[str, Callable[[Round], Iterator[Figure]]] = {
    "W1": Round.w1,
    "W2": Round.w2,
    "W3": Round.w3,
    "W4": Round.w4,
    "W5": Round.w5,
    "W6": Round.nothing_common,
    "size": Round.nothing_common,
}


def medians(figures: Iterable[Figure]) -> list[Figure]:
    """The figures of several rounds as one: of each line the median, of its costs too."""
    lines: dict[str, list[Figure]] = {}
    for figure in figures:
        lines.setdefault(figure.line, []).append(figure)
    return [_median(found) for found in lines.values()]


def _median(figures: Sequence[Figure]) -> Figure:
    costs = Cost(*(statistics.median(getattr(one.cost, name) for one in figures) for name in Cost.__slots__))
    speeds = [one.unhindered for one in figures if one.unhindered is not None]
    unhindered = statistics.median(speeds) if speeds else None
    value = statistics.median(one.value for one in figures)
    return Figure(figures[0].line, value, figures[0].unit, costs, unhindered)
