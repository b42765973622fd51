"""A run: all servers up, round after round of each, and the medians."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain

from tests.bench.floor import floor
from tests.bench.kinto import Kinto
from tests.bench.meter import Cost
from tests.bench.ours import Ours
from tests.bench.parse import Parse
from tests.bench.place import Contender
from tests.bench.rig import Rig
from tests.bench.table import Results, number
from tests.bench.works import WORKS, Figure, Round, Sizes, medians

CONTENDERS: Mapping[str, Callable[[Rig], Contender]] = {"ours": Ours, "kinto": Kinto, "parse": Parse}
FLOOR = "floor"
ONCE = "size"
"""A work of minutes, whose figures are medians already: done in the first round alone."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: which works, on which servers, how often and how much."""

    works: Sequence[str]
    names: Sequence[str]
    rounds: int
    sizes: Sizes

    def works_of(self, turn: int) -> list[str]:
        """The works of this round, counted from 1."""
        return [work for work in self.works if turn == 1 or work != ONCE]


def run(rig: Rig, plan: Plan, say: Callable[[str], object]) -> Iterator[Results]:
    """The medians by server, after each round anew. They take turns, so that what else happens here happens to all."""
    told: dict[str, list[Figure]] = {name: [] for name in plan.names}
    with ExitStack() as stack:
        contenders = [_started(rig, name, stack, say) for name in plan.names if name != FLOOR]
        for turn in range(1, plan.rounds + 1):
            for contender in contenders:
                told[contender.name] += _heard(_round(contender, rig, plan, turn), contender.name, turn, say)
            if FLOOR in plan.names:
                figures = (one for one in floor(rig, plan.sizes) if one.line[:2] in plan.works)
                told[FLOOR] += _heard(figures, FLOOR, turn, say)
            yield {name: medians(figures) for name, figures in told.items()}


def _started(rig: Rig, name: str, stack: ExitStack, say: Callable[[str], object]) -> Contender:
    say(f"Starting {name}; the first time installs it." if name != "ours" else "Starting ours.")
    contender = CONTENDERS[name](rig)
    stack.callback(contender.stop)
    contender.start()
    return contender


def _round(contender: Contender, rig: Rig, plan: Plan, turn: int) -> Iterator[Figure]:
    doing = Round(contender, rig.pid, plan.sizes)
    for work in plan.works_of(turn):
        yield from chain(WORKS[work](doing), contender.also(work, doing))


def _heard(figures: Iterator[Figure], name: str, turn: int, say: Callable[[str], object]) -> Iterator[Figure]:
    for figure in figures:
        said = f"{number(figure.value):>9} {figure.unit}"
        say(f"{turn}  {name:6} {figure.line:52} {said:22} {_costs(figure.cost)}".rstrip())
        yield figure


def _costs(cost: Cost) -> str:
    if not cost.seconds:
        return ""
    return f"cpu {cost.server_s:.2f} + PG {cost.postgres_s:.2f} + load {cost.load_s:.2f} s in {cost.seconds:.2f} s"
