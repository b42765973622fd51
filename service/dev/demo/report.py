"""The table that a person reads at the end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from service.dev.demo.checks import Checks
from service.dev.demo.story import Story

_SHOWN = ("LT", "LQ", "SD", "FB")


def show(console: Console, told: list[Story], checks: Checks, losses: str) -> None:
    """One line a lesson, then every fault in full."""
    table = Table(title="Lessons that went from a phone without network to a studio")
    table.add_column("lesson", no_wrap=True)
    for title in ("minutes", "codes", "notes", "cues", *(f"{code} %" for code in _SHOWN)):
        table.add_column(title, justify="right")
    for story in told:
        table.add_row(*_line(story))
    console.print(table)
    console.print(
        "LT lecturer talk · LQ lecturer question · SD student discussion · FB feedback; percent of the coded time"
    )
    for fault, said in checks.faults:
        console.print(f"{fault.value}: {said}", style="red", highlight=False)
    console.print(f"The observer's phone made {losses}.")
    console.print(f"{checks.made} checks")


def _line(story: Story) -> list[str]:
    codes, shares = len(story.lesson.timeline.moments), story.lesson.shares
    counts = [round(story.lesson.length_ms / 60_000), codes, len(story.notes), story.cues]
    return [
        story.lesson.name,
        *map(str, counts),
        *(f"{float(shares.get(code, 0)) * 100:.1f}" for code in _SHOWN),
    ]
