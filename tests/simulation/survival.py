"""Plants each bug in turn, and says in which world it was noticed, and by which promise."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from rich.console import Console
from rich.table import Table

from tests.simulation.mutants import Mutant
from tests.simulation.plan import plan
from tests.simulation.seeds import played
from tests.simulation.stage import Stage, set_up


@dataclass(frozen=True)
class Fate:
    """What became of a planted bug; `promise` is None when it survived all `worlds`."""

    name: str
    worlds: int
    promise: str | None

    def told(self) -> str:
        """One line."""
        return (
            f"{self.name}: {f'noticed: {self.promise}' if self.promise else 'SURVIVED'}, {self.worlds} worlds"
        )


def fate(stage: Stage, mutant: Mutant, seeds: Sequence[int]) -> Fate:
    """Plant one bug, and live through worlds until it is noticed."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.plant(patch)
        for worlds, seed in enumerate(seeds, 1):
            broken, _ = played(stage, seed, plan(seed))
            if broken is not None:
                return Fate(mutant.name, worlds, broken.promise)
    return Fate(mutant.name, len(seeds), None)


def try_all(database_url: str, mutants: Iterable[Mutant], seeds: Sequence[int]) -> Iterator[Fate]:
    """The fate of each."""
    logging.disable(logging.ERROR)  # a planted bug makes the server complain: it is meant to
    with set_up(database_url) as stage:
        for mutant in mutants:
            yield fate(stage, mutant, seeds)


def tell_table(out: Console, fates: Iterable[Fate]) -> None:
    """One line for each."""
    table = Table("mutant", "noticed as", "worlds")
    for one in fates:
        table.add_row(one.name, one.promise or "SURVIVED", str(one.worlds))
    out.print(table)
