"""What a sync tells afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sync.changes import Outcome, Status


@dataclass(frozen=True, slots=True)
class Notice:
    """A problem with one change, as a slug and the words that came with it."""

    collection: str
    id: str
    slug: str
    detail: str


@dataclass(slots=True)
class SyncReport:
    """What one sync did: rows read, changes sent, and what became of those; `pending` is what still waits here.

    `repeated` counts changes that the server had heard before; each is also counted as what it first became.
    `notices` are the problems that came with outcomes: of refused changes, and of fields that a merge did not take.
    """

    pulled: int = 0
    pushed: int = 0
    applied: int = 0
    merged: int = 0
    held: int = 0
    rejected: int = 0
    repeated: int = 0
    resets: int = 0
    pending: int = 0
    notices: list[Notice] = field(default_factory=list)

    def count(self, outcome: Outcome, became: Status) -> None:
        """One more answered change, and what it came to."""
        setattr(self, became.value, getattr(self, became.value) + 1)
        self.repeated += outcome.status is Status.REPEATED
        if outcome.problem:
            slug = str(outcome.problem.get("type", "")).rpartition("/")[2]
            self.notices.append(
                Notice(outcome.collection, outcome.id, slug, str(outcome.problem.get("detail", "")))
            )


Progress = Callable[[SyncReport], None]
"""Told after every page and every batch, with the report so far."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One collection here and on the server: (number of records, 16 hex digits) each."""

    collection: str
    here: tuple[int, str]
    there: tuple[int, str]

    @property
    def equal(self) -> bool:
        """Whether this phone holds exactly what its person may see."""
        return self.here == self.there
