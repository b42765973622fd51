"""The figures for docs/speed.md: `make bench PAGE=docs/speed.md` puts them between its two marks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.bench.meter import PROCESSORS
from tests.bench.table import TARGETS, Results, at_most, by_line, lines, met, number, taken_by_others
from tests.bench.works import Figure

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
ORDER = ("ours", "kinto", "parse", "floor")
NAMES = {"ours": "Come Watch", "kinto": "Kinto 26.5", "parse": "Parse Server 9.10", "floor": "floor"}


def write(path: Path, results: Results, rounds: int) -> None:
    """Replace what stands between the marks of the page; ValueError when it has none."""
    text = path.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{path} has no {BEGIN} and {END}: nothing was written there.")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n{figures(results, rounds)}\n{END}{after}")


def figures(results: Results, rounds: int) -> str:
    """One row for each line; in brackets the speed that the processor time allows."""
    there = [name for name in ORDER if name in results]
    rows = [
        ["work", *(NAMES[name] for name in there), "must be", ""],
        ["---", *(["---:"] * (len(there) + 1)), "---"],
    ]
    for line in lines(results):
        found = {name: figure for name in there if (figure := by_line(results[name]).get(line))}
        rows.append([line, *(_cell(found.get(name)) for name in there), *_verdict(line, found)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    taken = taken_by_others(results)
    said = (
        f"{_medians(rounds)} on {PROCESSORS} processors, of which other programs took {taken:.0%} meanwhile."
    )
    return f"{said}\n\n{table}"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    alone = f" ({number(figure.unhindered)})" if figure.unhindered else ""
    return f"{number(figure.value)} {figure.unit}{alone}"


def _verdict(line: str, found: Mapping[str, Figure]) -> list[str]:
    ours = found.get("ours")
    if line not in TARGETS or ours is None:
        return ["", ""]
    bound = f"{'at most' if at_most(ours) else 'at least'} {number(TARGETS[line])}"
    return [bound, "met" if met(ours) else "**not met**"]


def _medians(rounds: int) -> str:
    return "One round" if rounds == 1 else f"Medians of {rounds} rounds"
