"""`python -m tests.chaos --kills 20`: kill -9 in mid-push, over and over; 1 when a promise broke."""

from __future__ import annotations

import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tests.chaos.disk import fill_and_free
from tests.chaos.kills import KILLS
from tests.chaos.planted import PLANTS
from tests.chaos.rounds import Storm, Struck
from tests.chaos.site import Site

OUT = Console(soft_wrap=True)
DISK = "disk"
QUICK_S = 2.0
"""From the moment at which what was killed serves again to the first push that is acknowledged."""


@contextmanager
def place() -> Iterator[Path]:
    """A short path, as a socket's name may have 107 bytes; PostgreSQL's user must be able to pass."""
    directory = Path(tempfile.mkdtemp(prefix="chaos-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--kills", default=20, show_default=True, help="How often each is killed.")
@click.option("--only", default="", help=f"Of {', '.join([*KILLS, DISK])}: those named here, with commas.")
@click.option("--seed", default=1, show_default=True, help="Chooses the moments and the victims.")
@click.option(
    "--plant", type=click.Choice(sorted(PLANTS)), help="Start the API with a bug: the promises must break."
)
def main(kills: int, only: str, seed: int, plant: str | None) -> None:
    """Kill parts of a running instance with -9 while phones push, fill its disk, and see that nothing is lost.

    Examples:  make chaos KILLS=3   make chaos ONLY=api,postgres   python -m tests.chaos --only api --plant gives-no-receipts
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is to be stopped
    chosen = [word.strip() for word in only.split(",") if word.strip()] or [*KILLS, DISK]
    if unknown := set(chosen) - {*KILLS, DISK}:
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: choose of {', '.join([*KILLS, DISK])}.")
    sound = True
    with place() as directory:
        if targets := [target for target in chosen if target != DISK]:
            sound = _kill(directory, targets, kills, seed, plant or "")
        if DISK in chosen:
            sound = fill_and_free(directory, OUT.print) and sound
    sys.exit(0 if sound else 1)


def _kill(directory: Path, targets: Sequence[str], kills: int, seed: int, plant: str) -> bool:
    OUT.print(f"Starting an instance in {directory}" + (f" with a bug: {plant}." if plant else "."))
    began, site = time.monotonic(), Site(directory / "home", plant)
    struck: list[Struck] = []
    try:
        with Storm(site, directory / "phones", seed) as storm:
            for number in range(kills):
                for target in targets:
                    struck.append(storm.strike(target))
                    _tell(number, kills, struck[-1])
            _sum_up(targets, struck, storm, time.monotonic() - began)
    finally:
        site.close()
    return _is_sound(struck)


def _tell(number: int, kills: int, one: Struck) -> None:
    OUT.print(
        f"{number + 1}/{kills} {one.victims}: {one.in_flight} pushes in flight, away {one.away_s:.2f} s,"
        f" first success after {one.first_s:.2f} s, patient ones after {one.patient_s:.2f} s",
        highlight=False,
    )
    for line in one.broken.told():
        OUT.print(f"  BROKEN {line}", highlight=False, markup=False)


def _sum_up(targets: Sequence[str], struck: Sequence[Struck], storm: Storm, seconds: float) -> None:
    table = Table(title="seconds: p50 / max")
    for name in ("killed", "kills", "in mid-push", "away", "first", "patient"):
        table.add_column(name, no_wrap=True)
    for target in targets:
        these = [one for one in struck if one.target == target]
        times = (_spread(getattr(one, name) for one in these) for name in ("away_s", "first_s", "patient_s"))
        table.add_row(target, str(len(these)), str(sum(one.in_flight > 0 for one in these)), *times)
    OUT.print(table)
    ledger = storm.ledger
    figures = {
        "pushes": len(ledger.moments), "acknowledged changes": len(ledger.acknowledged), "kills": len(struck),
        "lost": _most(struck, "lost"), "twice": _most(struck, "twice"), "gaps": _most(struck, "gaps"),
        "skipped": _most(struck, "skipped"), "refused": _most(struck, "refused"), "untold": _most(struck, "untold"),
        "seconds": round(seconds),
    }  # fmt: skip
    OUT.print(", ".join(f"{number:,} {name}" for name, number in figures.items()), highlight=False)
    first = [one.first_s for one in struck]
    OUT.print(f"answers: {dict(sorted(ledger.answers.items()))}", highlight=False)
    OUT.print(
        f"first success after recovery: p50 {statistics.median(first):.2f} s, max {max(first):.2f} s",
        highlight=False,
    )


def _spread(values: Iterable[float]) -> str:
    found = sorted(values)
    return f"{statistics.median(found):.2f} / {found[-1]:.2f}"


def _most(struck: Sequence[Struck], name: str) -> int:
    """What broke once stays broken, so the most that was seen at once is how many there were."""
    return max(len(getattr(one.broken, name)) for one in struck)


def _is_sound(struck: Sequence[Struck]) -> bool:
    late = [one for one in struck if one.first_s >= QUICK_S]
    for one in late:
        OUT.print(f"LATE {one.victims}: {one.first_s:.2f} s, where {QUICK_S} s are promised", highlight=False)
    return not late and not any(one.broken.told() for one in struck)


if __name__ == "__main__":
    main()
