"""`make bench`: see `--help`, and docs/speed.md."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import click
import orjson
from rich.console import Console

from tests.bench.kinto import Kinto
from tests.bench.meter import Cost
from tests.bench.ours import Ours
from tests.bench.parse import Parse
from tests.bench.place import Contender
from tests.bench.rig import Rig
from tests.bench.table import Results, as_json, number, tell
from tests.bench.works import WORKS, Figure, Round, Sizes, median

OUT = Console(soft_wrap=True, highlight=False)
HOME = Path(".bench")
CONTENDERS: dict[str, Callable[[Rig], Contender]] = {"ours": Ours, "kinto": Kinto, "parse": Parse}
EXAMPLES = """\b
Examples:
  make bench                                  everything, some twenty minutes
  make bench WORKS=W1,W4 ONLY=ours ROUNDS=1   a quick look at two works on this server
"""


@click.command(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXAMPLES)
@click.option("--works", default=",".join(WORKS), show_default=True, help="Which works, in this order.")
@click.option("--only", default=",".join(CONTENDERS), show_default=True, help="Which servers.")
@click.option("--rounds", default=3, show_default=True, help="How often; the table shows medians.")
@click.option("--notes", default=10_000, show_default=True, help="How many notes W1 pushes.")
def main(works: str, only: str, rounds: int, notes: int) -> None:
    """Do the same work on this server and on others, on one PostgreSQL, and compare."""
    rig, sizes = Rig(HOME.absolute()), Sizes(notes=notes)
    OUT.print("Starting PostgreSQL (fsync on).")
    rig.start()
    try:
        results = {
            name: bench(rig, name, _chosen(works, WORKS), rounds, sizes) for name in _chosen(only, CONTENDERS)
        }
    finally:
        rig.stop()
    tell(OUT, results)
    save(results, HOME / "results.json")


def bench(rig: Rig, name: str, works: Sequence[str], rounds: int, sizes: Sizes) -> list[Figure]:
    """The medians of one contender's rounds."""
    contender = CONTENDERS[name](rig)
    OUT.print(f"Starting {name}.")
    contender.start()
    try:
        told = [
            list(_one_round(contender, rig, works, sizes, f"round {n} of {rounds}"))
            for n in range(1, rounds + 1)
        ]
    finally:
        contender.stop()
    return [median(list(figures)) for figures in zip(*told, strict=True)]


def _one_round(
    contender: Contender, rig: Rig, works: Sequence[str], sizes: Sizes, which: str
) -> Iterator[Figure]:
    doing = Round(contender, rig.pid, sizes)
    for work in works:
        for figure in chain(WORKS[work](doing), contender.also(work, doing)):
            OUT.print(
                f"{contender.name:8} {which}   {figure.line:32} {number(figure.value):>9} {figure.unit}{_costs(figure.cost)}"
            )
            yield figure


def _costs(cost: Cost) -> str:
    if not cost.memory_mb:
        return ""
    return f"   cpu: server {cost.server_s:.2f} s, PostgreSQL {cost.postgres_s:.2f} s, load {cost.load_s:.2f} s; {cost.memory_mb:.0f} MB"


def _chosen(said: str, known: Iterable[str]) -> list[str]:
    chosen = [word.strip() for word in said.split(",") if word.strip()]
    unknown = [word for word in chosen if word not in known]
    if unknown:
        raise click.BadParameter(f"{unknown[0]} is none of {', '.join(known)}.")
    return chosen


def save(results: Results, path: Path) -> None:
    """The results for programmes."""
    path.write_bytes(orjson.dumps(as_json(results), option=orjson.OPT_INDENT_2))
    OUT.print(f"Written to {path}.")


if __name__ == "__main__":
    os.environ.pop("DATABASE_URL", None)
    main()
