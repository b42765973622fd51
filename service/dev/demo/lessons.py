"""Real lessons, coded to the second, read where they lie; a generated one, said plainly, where there are none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from observation_tools.timed_coding import segments, share_of_time, totals_ms
from observation_tools.timeline import Moment, Timeline
from observation_tools.timeline_csv import parse_timeline

DATA = Path("../shared/data")
FOLDER = "fill-plus"
GENERATED = "(generated)"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson as somebody coded it in the room."""

    name: str
    timeline: Timeline

    @property
    def length_ms(self) -> int:
        """From the start of the recording to the last code."""
        return self.timeline.moments[-1].at_ms

    @property
    def totals_ms(self) -> Mapping[str, int]:
        """Milliseconds of coded time per code, as the file has it."""
        return totals_ms(segments(self.timeline))

    @property
    def shares(self) -> Mapping[str, Fraction]:
        """The exact share of the coded time per code, as the file has it."""
        return share_of_time(segments(self.timeline))


def load(folder: Path | None = None) -> list[Lesson]:
    """The lessons in `fill-plus` of the folder (default: the data beside the project, or COMEWATCH_DATA), by name."""
    place = (folder or Path(os.environ.get("COMEWATCH_DATA", DATA))) / FOLDER
    files = sorted(place.glob("*.csv"))
    if not files:
        return [Lesson(GENERATED, _generated())]
    return [Lesson(path.stem, parse_timeline(path.read_text("utf-8"))) for path in files]


def _generated() -> Timeline:
    """Fifty minutes of talk and questions in turn."""
    codes = ("LT", "LQ", "SR", "LT", "CQ", "SD", "FB")
    turns = tuple(Moment(60_000 + turn * 30_000, codes[turn % len(codes)]) for turn in range(96))
    return Timeline((Moment(0, "NA"), *turns, Moment(3_000_000, "END")))
