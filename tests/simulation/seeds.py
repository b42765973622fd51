"""Many seeds, one after the other or in several processes, and what they came to."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.simulation.plan import Step, plan
from tests.simulation.shrink import shrunk
from tests.simulation.stage import Stage, set_up
from tests.simulation.violation import Violation
from tests.simulation.world import World


@dataclass(frozen=True)
class Lived:
    """What one seed came to: its figures, and the broken promise with its history, if one broke."""

    seed: int
    seconds: float
    tally: Counter[str]
    promise: str | None = None
    how: str = ""
    story: Sequence[str] = ()

    def told(self) -> str:
        """The history of a broken promise, in words."""
        return "\n".join(
            [f"seed {self.seed} breaks a promise: {self.promise}", *self.story, f"    {self.how}"]
        )


@dataclass
class Sum:
    """Of many seeds."""

    tally: Counter[str] = field(default_factory=Counter)
    broken: list[Lived] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, lived: Lived) -> None:
        self.tally.update(lived.tally)
        self.seconds += lived.seconds
        if lived.promise:
            self.broken.append(lived)


def live(stage: Stage, seed: int, *, shrink: bool = True) -> Lived:
    """One seed's world; a failing one is shrunk."""
    steps, began = plan(seed), time.perf_counter()
    broken, world = played(stage, seed, steps)
    tally = Counter(world.server.tally) + Counter(steps=len(world.story))
    if broken is None:
        return Lived(seed, time.perf_counter() - began, tally)
    if shrink:
        promise = broken.promise
        fewer = shrunk(steps, lambda some: _breaks(stage, seed, some, promise))
        again, smaller = played(stage, seed, fewer)
        broken, world = (again, smaller) if again else (broken, world)
    return Lived(seed, time.perf_counter() - began, tally, broken.promise, broken.how, world.story)


def played(stage: Stage, seed: int, steps: Sequence[Step]) -> tuple[Violation | None, World]:
    """The violation, if there is one, and the world with its story."""
    world = stage.world(seed)
    try:
        world.run(steps)
    except Violation as violation:
        return violation, world
    return None, world


def _breaks(stage: Stage, seed: int, steps: Sequence[Step], promise: str) -> bool:
    violation, _ = played(stage, seed, steps)
    return violation is not None and violation.promise == promise


# several processes

_MINE = ExitStack()
_STAGE: list[Stage] = []


def _begin(database_url: str) -> None:
    _STAGE.append(_MINE.enter_context(set_up(database_url)))


def _live(seed: int) -> Lived:
    return live(_STAGE[0], seed)


def live_all(database_url: str, seeds: Iterable[int], jobs: int) -> Iterator[Lived]:
    """All seeds, in the order in which they end."""
    if jobs == 1:
        with set_up(database_url) as stage:
            yield from (live(stage, seed) for seed in seeds)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_begin, initargs=(database_url,)) as pool:
        yield from pool.map(_live, seeds)
