"""Plants each bug in turn, and says in which world it was noticed, by which promise, and by how few steps."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pytest
from rich.console import Console
from rich.table import Table

from tests.simulation.mutants import MUTANTS
from tests.simulation.seeds import Run, live, own_stage, played, processes
from tests.simulation.stage import Stage


@dataclass(frozen=True)
class Fate:
    """What became of a planted bug in `worlds` worlds: the promise that broke in the last of them, and a short history.

    `promise` is None when it survived them all.
    """

    name: str
    worlds: int
    promise: str | None = None
    seed: int = 0
    steps: int = 0

    def told(self) -> str:
        """One line."""
        if self.promise is None:
            return f"{self.name}: SURVIVED {self.worlds} worlds"
        return f"{self.name}: {self.promise}, seed {self.seed}, {self.steps} steps"


def fate(stage: Stage, name: str, seeds: Sequence[int], *, shrink: int) -> Fate:
    """Plant one bug, and live through worlds until it is noticed; a history that breaks without it, too, is no proof."""
    for worlds, seed in enumerate(seeds, 1):
        with pytest.MonkeyPatch.context() as patch:
            MUTANTS[name].plant(patch)
            lived = live(stage, seed, shrink=shrink)
        if lived.promise is not None and played(stage, seed, lived.steps)[0] is None:
            return Fate(name, worlds, lived.promise, seed, len(lived.steps))
    return Fate(name, len(seeds))


def _fate(run: Run, name: str) -> Fate:
    logging.disable(logging.ERROR)  # a planted bug makes the server complain: it is meant to
    return fate(own_stage(), name, run.seeds, shrink=run.shrink)


def try_all(run: Run, names: Sequence[str]) -> Iterator[Fate]:
    """The fate of each."""
    with processes(run) as pool:
        yield from pool.map(partial(_fate, run), names)


def tell_table(out: Console, fates: Sequence[Fate]) -> None:
    """One line for each."""
    table = Table("mutant", "noticed as", "seed", "worlds", "steps")
    for one in fates:
        noticed = (one.promise, str(one.seed)) if one.promise else ("SURVIVED", "")
        table.add_row(one.name, *noticed, str(one.worlds), str(one.steps or ""))
    out.print(table)
