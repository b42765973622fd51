"""The results for people: one line for each figure, a column for each contender, ratios to ours, and the design's targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from tests.bench.works import Figure

Results = Mapping[str, Sequence[Figure]]
"""The medians, by contender."""

TARGETS: Mapping[str, float] = {
    "W1 push": 12_000,
    "W2 cold pull, 1 client": 150_000,
    "W2 cold pull, 8 clients": 200_000,
    "W3 push 1, pull since": 700,
    "W3 acknowledged rows skipped": 0,
    "W4 nothing new": 3_000,
    "W5 pull p50, 100,000 notes there": 1.3,
    "W6 100 listeners, last one poked after the ack": 20,
    "W5 100,000 against 10,000": 1.3,
}
"""What ours must reach: at least; for skipped rows and milliseconds, at most."""


def tell(console: Console, results: Results) -> None:
    """Print it."""
    contenders = list(results)
    table = Table(title="make bench", title_justify="left")
    table.add_column("work")
    for name in contenders:
        table.add_column(name, justify="right")
    table.add_column("ours, at least", justify="right")
    for line in lines(results):
        found = {name: by_line(results[name]).get(line) for name in contenders}
        table.add_row(
            line, *(_cell(found[name], found.get("ours")) for name in contenders), _verdict(line, found)
        )
    console.print(table)


def lines(results: Results) -> list[str]:
    """Every line that some contender has, in the order of the works."""
    return list(dict.fromkeys(figure.line for figures in results.values() for figure in figures))


def by_line(figures: Sequence[Figure]) -> dict[str, Figure]:
    """The figures by their lines."""
    return {figure.line: figure for figure in figures}


def as_json(results: Results) -> dict[str, object]:
    """The same for programmes."""
    return {name: [asdict(figure) for figure in figures] for name, figures in results.items()}


def met(figure: Figure) -> bool | None:
    """Whether ours reached its target; None where there is none."""
    target = TARGETS.get(figure.line)
    if target is None:
        return None
    return figure.value <= target if at_most(figure) else figure.value >= target


def at_most(figure: Figure) -> bool:
    """Whether less is better."""
    return figure.unit in ("ms", "times") or figure.unit.startswith("of ")


def _cell(figure: Figure | None, ours: Figure | None) -> str:
    if figure is None:
        return "-"
    said = [f"[bold]{number(figure.value)}[/] {figure.unit}"]
    if ours is not None and ours is not figure and figure.value and ours.value:
        said.append(f"ours x {ours.value / figure.value:.2f}")
    cost = figure.cost
    if cost.server_s or cost.postgres_s:
        said.append(f"cpu {cost.server_s:.2f} + pg {cost.postgres_s:.2f} s")
        said.append(f"load {cost.load_s:.2f} s, {cost.memory_mb:.0f} MB")
    return "\n".join(said)


def _verdict(line: str, found: Mapping[str, Figure | None]) -> str:
    target, ours = TARGETS.get(line), found.get("ours")
    if target is None:
        return ""
    reached = met(ours) if ours is not None else None
    colour, word = {True: ("green", "met"), False: ("red", "not met"), None: ("", "")}[reached]
    return f"{number(target)}\n[{colour}]{word}[/]" if word else number(target)


def number(value: float) -> str:
    """As many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
