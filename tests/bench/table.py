"""The results for people: one line for each figure, a column for each contender, ratios to ours, and the design's targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tests.bench.meter import PROCESSORS
from tests.bench.works import Figure

Results = Mapping[str, Sequence[Figure]]
"""The medians, by contender."""
QUIET = 0.1
"""The share of the processors that others may take before it is said."""

TARGETS: Mapping[str, float] = {
    "W1 push": 12_000,
    "W2 cold pull, 1 client": 150_000,
    "W2 cold pull, 8 clients": 200_000,
    "W3 push 1, pull since": 700,
    "W3 acknowledged rows skipped": 0,
    "W4 nothing new": 3_000,
    "W5 pull p50, 100,000 notes there": 1.3,
    "W5 100,000 against 10,000": 1.3,
    "W6 100 listeners, last one poked after the ack": 20,
    "size: pull p50, largest against smallest": 1.3,
    "size: server CPU per pull, largest against smallest": 1.3,
    "size: PostgreSQL CPU per pull, largest against smallest": 1.3,
    "size: grant of 1,000,000 rows, p50": 50,
    "size: revoke of 1,000,000 rows, p50": 50,
    "size: first page after a grant of 1,000,000 rows, p50": 100,
    "size: server CPU of nothing new, 300 scopes": 1,
}
"""What ours must reach: speeds at least, times and counts at most."""


WIDE = 168
COLUMNS = ("", "alone", "ours is", "server s", "PG s", "load s", "MB", "ours must")
LEGEND = (
    "alone: the speed that the processor time allows on a quiet machine · ours is: so many times this, by the clock / alone ·"
    " s: processor seconds · MB: largest resident memory of the server, shared pages counted in each process"
)


def tell(console: Console, results: Results) -> None:
    """Print it, however narrow the terminal."""
    table = Table(title="make bench", title_justify="left", box=SIMPLE)
    table.add_column("work", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for line in lines(results):
        found = {name: figure for name in results if (figure := by_line(results[name]).get(line))}
        for place, (name, figure) in enumerate(found.items()):
            cells = _cells(figure, found.get("ours"))
            table.add_row(
                "" if place else line,
                name,
                *cells,
                "" if place else _verdict(found),
                end_section=place == len(found) - 1,
            )
    console.width = max(console.width, WIDE)
    console.print(table)
    console.print(LEGEND)
    taken = taken_by_others(results)
    if taken > QUIET:
        console.print(
            f"[yellow]Other programs took {taken:.0%} of the processors meanwhile: times are longer and speeds lower than they"
            " would be. Compare the figures called alone, or measure again.[/]"
        )


def taken_by_others(results: Results) -> float:
    """The share of the processors' time that went to neither server, database nor load."""
    costs = [figure.cost for figures in results.values() for figure in figures]
    there = sum(cost.seconds for cost in costs) * PROCESSORS
    return sum(cost.others_s for cost in costs) / there if there else 0.0


def lines(results: Results) -> list[str]:
    """Every line that some contender has, in the order of the works."""
    all_lines = dict.fromkeys(figure.line for figures in results.values() for figure in figures)
    return sorted(all_lines, key=lambda line: line[:2])


def by_line(figures: Sequence[Figure]) -> dict[str, Figure]:
    """The figures by their lines."""
    return {figure.line: figure for figure in figures}


def as_json(results: Results) -> dict[str, object]:
    """The same for programmes, with whether ours reached its targets."""
    return {
        name: [asdict(figure) | {"met": met(figure)} for figure in figures]
        for name, figures in results.items()
    }


def met(figure: Figure) -> bool | None:
    """Whether ours reached its target; None where there is none."""
    target = TARGETS.get(figure.line)
    if target is None:
        return None
    return figure.value <= target if at_most(figure) else figure.value >= target


def at_most(figure: Figure) -> bool:
    """Whether less is better."""
    return figure.unit in ("ms", "times") or figure.unit.startswith("of ")


def _cells(figure: Figure, ours: Figure | None) -> list[str]:
    cost = figure.cost
    costs = [f"{cost.server_s:.2f}", f"{cost.postgres_s:.2f}", f"{cost.load_s:.2f}", f"{cost.memory_mb:.0f}"]
    return [
        f"[bold]{number(figure.value)}[/] {figure.unit}",
        number(figure.unhindered) if figure.unhindered else "",
        " / ".join(_ratios(figure, ours)),
        *(costs if cost.seconds else [""] * 4),
    ]


def _ratios(figure: Figure, ours: Figure | None) -> list[str]:
    if ours is None or ours is figure:
        return []
    pairs = ((figure.value, ours.value), (figure.unhindered, ours.unhindered))
    return [f"{of_ours / theirs:.2f}x" for theirs, of_ours in pairs if theirs and of_ours]


def _verdict(found: Mapping[str, Figure]) -> str:
    figure = next(iter(found.values()))
    target = TARGETS.get(figure.line)
    if target is None:
        return ""
    bound = f"{'at most' if at_most(figure) else 'at least'} {number(target)}"
    ours = found.get("ours")
    if ours is None:
        return bound
    return f"{bound} [green]met[/]" if met(ours) else f"{bound} [red]not met[/]"


def number(value: float) -> str:
    """As many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
