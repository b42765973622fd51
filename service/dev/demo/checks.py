"""What must hold, and what was found instead. Nothing is believed: each check counts, and one that fails is told whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Fault(Enum):
    """The three ways in which the story can go wrong."""

    LOST = "lost"
    LEAKED = "leaked"
    DIFFERENT = "differences"


@dataclass(slots=True)
class Checks:
    """All checks of a run."""

    made: int = 0
    faults: list[tuple[Fault, str]] = field(default_factory=list)

    def equal(self, what: str, found: Any, expected: Any, fault: Fault = Fault.DIFFERENT) -> None:
        """What was found is what was expected."""
        self.made += 1
        if found != expected:
            self.faults.append((fault, f"{what}: expected {expected!r}, found {found!r}"))

    def unseen(self, who: str, what: str, found: Any) -> None:
        """This person found nothing of what she may not see."""
        self.made += 1
        if found:
            self.faults.append((Fault.LEAKED, f"{who} sees {what}: {found!r:.200}"))

    def count(self, fault: Fault) -> int:
        """How many faults of this kind there are."""
        return sum(kind is fault for kind, _ in self.faults)
