"""Many seeds, one after the other or in several processes, and what they came to."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from tests.simulation.coverage import Coverage
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
    steps: Sequence[Step] = ()  # of this history

    def told(self) -> str:
        """The history of a broken promise, in words."""
        return "\n".join(
            [f"seed {self.seed} breaks a promise: {self.promise}", *self.story, f"    {self.how}"]
        )


@dataclass
class Sum:
    """Of many seeds."""

    coverage: Coverage = field(default_factory=Coverage)
    broken: list[Lived] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, lived: Lived) -> None:
        self.coverage.add(lived.tally)
        self.seconds += lived.seconds
        if lived.promise:
            self.broken.append(lived)


def live(stage: Stage, seed: int, *, shrink: int = 60) -> Lived:
    """One seed's world; a failing one is shrunk, with so many worlds at most."""
    steps, began = plan(seed), time.perf_counter()
    broken, world = played(stage, seed, steps)
    tally = Counter(world.server.tally) + Counter(steps=len(world.story))
    if broken is None:
        return Lived(seed, time.perf_counter() - began, tally)
    fewer: Sequence[Step] = steps[: world.taken]
    if shrink:
        promise = broken.promise
        fewer = shrunk(fewer, lambda some: _breaks(stage, seed, some, promise), shrink)
        again, smaller = played(stage, seed, fewer)
        broken, world = (again, smaller) if again else (broken, world)
    return Lived(seed, time.perf_counter() - began, tally, broken.promise, broken.how, world.story, fewer)


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


@dataclass(frozen=True)
class Run:
    """Which worlds, on which database, in how many processes; `shrink` is how many worlds may go into a shorter history."""

    database_url: str
    seeds: range
    jobs: int
    shrink: int


_MINE = ExitStack()
_STAGE: list[Stage] = []


def _begin(database_url: str) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _STAGE.append(_MINE.enter_context(set_up(database_url)))


def _end_with_parent() -> None:
    """Whoever stops the run, even with -9, stops all of it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _live(shrink: int, seed: int) -> Lived:
    return live(own_stage(), seed, shrink=shrink)


def live_all(run: Run) -> Iterator[Lived]:
    """All seeds, in their order."""
    with processes(run) as pool:
        yield from pool.map(partial(_live, run.shrink), run.seeds)


def processes(run: Run) -> ProcessPoolExecutor:
    """Processes with a stage each: `own_stage()`."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(run.jobs, mp_context=spawn, initializer=_begin, initargs=(run.database_url,))


def own_stage() -> Stage:
    """The stage of this process."""
    return _STAGE[0]
