"""What a roster's reader has to say to the district office: faults, each with its place, and what was read otherwise.

No finding cites a cell: nobody could tell whether it holds a student's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

MOST = 100
"""Faults that are told of one roster: who has mended these sends it again."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What cannot be read, where, and what to do. `line` 0 is the whole file, `column` "" the whole line."""

    file: str
    line: int
    column: str
    said: str

    def __str__(self) -> str:
        place = [self.file, f"line {self.line}" if self.line else "", self.column]
        return f"{', '.join(part for part in place if part)}: {self.said}"


class RosterError(Exception):
    """The roster cannot be read at all, and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(slots=True)
class Findings:
    """The faults so far, at most `MOST` of them kept, and the repairs, each told once with how often it was made."""

    faults: list[Fault] = field(default_factory=list)
    more: int = 0
    repairs: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    """How many rows each file has, as far as it was read."""

    def fault(self, file: str, line: int, column: str, said: str) -> None:
        """Note a fault."""
        if len(self.faults) < MOST:
            self.faults.append(Fault(file, line, column, said))
        else:
            self.more += 1

    def repair(self, file: str, said: str) -> None:
        """Note that something was read otherwise than it was written."""
        told = f"{file}: {said}"
        self.repairs[told] = self.repairs.get(told, 0) + 1

    def leave_out(self, what: str) -> None:
        """Count a row that was left where it stood."""
        self.left_out[what] = self.left_out.get(what, 0) + 1

    @property
    def is_sound(self) -> bool:
        """Whether there is no fault."""
        return not self.faults

    def document(self) -> dict[str, object]:
        """The findings as JSON values."""
        return {
            "faults": [asdict(fault) for fault in self.faults],
            "more_faults": self.more,
            "repairs": [{"said": said, "times": times} for said, times in self.repairs.items()],
            "left_out": _by_name(self.left_out),
            "rows_read": sum(self.rows.values()),
        }


def _by_name(counts: Mapping[str, int]) -> list[dict[str, object]]:
    return [{"what": what, "rows": rows} for what, rows in sorted(counts.items())]
