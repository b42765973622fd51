"""Is feedback soon, is it specific, and does it lead to something tried?

These are plain numbers over whatever is handed in. Who may see them, and that a group is large enough to be
shown at all, is for the floors above; nothing here is about one person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import median

from observation_tools.errors import MomentError
from observation_tools.states import NEXT_STEP

# The kinds of note that say what was said, or how often.
SPECIFIC_KINDS = frozenset({"quote", "tally"})


@dataclass(frozen=True, slots=True)
class VisitFeedback:
    """When a visit ended and when the first note of it was shared (None: not yet). Both know their time
    zone."""

    ended_at: datetime
    first_shared_at: datetime | None


@dataclass(frozen=True, slots=True)
class SharedNote:
    """A shared note: its kind, its time in milliseconds from the start of the lesson, the look-for it
    touches."""

    kind: str
    at_ms: int | None
    look_for: str | None


@dataclass(frozen=True, slots=True)
class Latency:
    """The median in minutes over `n` visits with feedback; None when there are none."""

    median_minutes: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, both counts."""

    part: int
    whole: int

    @property
    def value(self) -> Fraction | None:
        """The exact share, 0 to 1; None of nothing."""
        return Fraction(self.part, self.whole) if self.whole else None


def feedback_latency(visits: Iterable[VisitFeedback]) -> Latency:
    """Median minutes from a visit's end to its first shared note.

    Visits without one are left out; a note shared while the visit still ran counts as 0 minutes. Raises
    `MomentError` for a moment without a time zone.

    >>> from datetime import UTC
    >>> bell = datetime(2026, 9, 1, 10, 0, tzinfo=UTC)
    >>> feedback_latency([VisitFeedback(bell, bell + timedelta(minutes=m)) for m in (5, 20, 600)])
    Latency(median_minutes=20.0, n=3)
    """
    waits = [
        _minutes(visit.ended_at, visit.first_shared_at)
        for visit in visits
        if visit.first_shared_at is not None
    ]
    return Latency(median(waits) if waits else None, len(waits))


def _minutes(ended_at: datetime, shared_at: datetime) -> float:
    for moment in (ended_at, shared_at):
        if moment.utcoffset() is None:
            raise MomentError(f"{moment.isoformat()} has no time zone", remedy="give moments in UTC")
    return max(shared_at - ended_at, timedelta()) / timedelta(minutes=1)


def specificity(notes: Iterable[SharedNote]) -> Share:
    """The share of notes that have a time, are a quote or a count, and touch a look-for.

    >>> specificity([SharedNote("quote", 61_000, "reasons"), SharedNote("noticing", 90_000, "reasons")]).value
    Fraction(1, 2)
    """
    marks = [is_specific(note) for note in notes]
    return Share(sum(marks), len(marks))


def is_specific(note: SharedNote) -> bool:
    """Whether a note has a time, is a quote or a count, and touches a look-for.

    >>> is_specific(SharedNote("quote", 0, "reasons")), is_specific(SharedNote("quote", None, "reasons"))
    (True, False)
    """
    return note.at_ms is not None and note.kind in SPECIFIC_KINDS and bool(note.look_for)


def loop_rate(next_steps: Iterable[str]) -> Share:
    """Of the next steps that were chosen, the share that was tried, whatever became of it afterwards.

    `next_steps` are states of the machine NEXT_STEP; raises `UnknownStateError` for any other.

    >>> loop_rate(["chosen", "tried", "kept", "let_go"]).value
    Fraction(3, 4)
    """
    tried = [NEXT_STEP.path("tried", state) is not None for state in next_steps]
    return Share(sum(tried), len(tried))
