"""`python -m tests.simulation --seeds 300`: many worlds, and the short history of each that breaks a promise."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import make_url

from tests.servers import Desk, admin, ask
from tests.simulation.coverage import ENOUGH
from tests.simulation.mutants import MUTANTS
from tests.simulation.seeds import Run, Sum, live_all
from tests.simulation.survival import tell_table, try_all

OUT = Console(soft_wrap=True)


@contextmanager
def database() -> Iterator[str]:
    """A PostgreSQL for this run, and the URL of a migrated database on it."""
    desk = Desk()
    try:
        server = ask("database")
        url, name = make_url(server["url"]), f"cw_{server['run']}_simulation"
        with admin(url) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {server['template']}".encode())
        yield url.set(username="comewatch_rw", database=name).render_as_string(hide_password=False)
    finally:
        desk.close()


@contextmanager
def bar(what: str, total: int) -> Iterator[Progress]:
    """A progress bar with one task."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=OUT) as progress:
        progress.add_task(what, total=total)
        yield progress


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seeds", default=300, show_default=True, help="How many worlds.")
@click.option("--first", default=1, show_default=True, help="The first seed.")
@click.option("--jobs", default=2, show_default=True, help="Processes at once.")
@click.option(
    "--mutants", is_flag=True, help="Plant bugs, and see whether each is noticed within so many worlds."
)
@click.option(
    "--events", is_flag=True, help=f"Tell how often each thing happened; from {ENOUGH} worlds on always."
)
@click.option(
    "--shrink", default=60, show_default=True, help="Worlds spent on making a failing history short."
)
@click.option("--only", default="", help="Only mutants whose names hold this.")
def main(seeds: int, first: int, jobs: int, mutants: bool, events: bool, shrink: int, only: str) -> None:
    """Live through worlds on a real server with real phones.

    Ends with 1 when a promise broke, when something never happened, or when a planted bug was not noticed.

    \b
    Examples:
      python -m tests.simulation --seeds 20
      python -m tests.simulation --seeds 1 --first 4711
      python -m tests.simulation --mutants --seeds 40 --only "grant"
    """
    with database() as url:
        run = Run(url, range(first, first + seeds), jobs, shrink)
        sys.exit(_mutants(run, only) if mutants else _worlds(run, events))


def _worlds(run: Run, events: bool) -> int:
    total, began = Sum(), time.perf_counter()
    with bar("worlds", len(run.seeds)) as progress:
        for lived in live_all(run):
            total.add(lived)
            progress.advance(progress.task_ids[0])
            if lived.promise:
                progress.print(lived.told(), markup=False, highlight=False)
    if events or len(run.seeds) >= ENOUGH:
        OUT.print(total.coverage.table())
    for kind in total.coverage.missing:
        OUT.print(f"never happened: {kind}", highlight=False)
    tally = total.coverage.times
    figures = {
        "seeds": len(run.seeds), "steps": tally["steps"], "requests": tally["requests"],
        "checks": tally["checks"], "violations": len(total.broken), "seconds": round(time.perf_counter() - began),
    }  # fmt: skip
    OUT.print(", ".join(f"{number:,} {name}" for name, number in figures.items()), highlight=False)
    return 1 if total.broken or total.coverage.missing else 0


def _mutants(run: Run, only: str) -> int:
    chosen = [name for name in MUTANTS if only in name]
    with bar("mutants", len(chosen)) as progress:
        fates = []
        for fate in try_all(run, chosen):
            progress.advance(progress.task_ids[0])
            fates.append(fate)
            progress.print(fate.told(), highlight=False)
    tell_table(OUT, fates)
    return 0 if all(fate.promise for fate in fates) else 1


if __name__ == "__main__":
    if (
        os.environ.get("PYTHONHASHSEED") != "0"
    ):  # a seed tells the same story each time: sets in the same order too
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.simulation", *sys.argv[1:]],
            os.environ | {"PYTHONHASHSEED": "0"},
        )
    main()
