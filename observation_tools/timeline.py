"""What a coded lesson is: moments in order of time. How to measure it is in `timed_coding`."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from observation_tools.errors import TimelineError

NOT_CODED = "NA"
END = "END"


@dataclass(frozen=True, slots=True)
class Moment:
    """At `at_ms` milliseconds from the start of the recording `code` began."""

    at_ms: int
    code: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """`code` lasted from `from_ms` up to, not including, `to_ms`."""

    code: str
    from_ms: int
    to_ms: int

    @property
    def length_ms(self) -> int:
        """Its length in milliseconds, 0 or more."""
        return self.to_ms - self.from_ms


@dataclass(frozen=True, slots=True)
class Timeline:
    """The moments of one lesson, in order of time; nothing follows an END.

    Raises `TimelineError` for a moment before the start, before its predecessor, or after END.
    """

    moments: tuple[Moment, ...]

    def __post_init__(self) -> None:
        for place, moment in enumerate(self.moments, 1):
            if moment.at_ms < 0:
                raise TimelineError(
                    f"{moment.code} at {moment.at_ms} ms is before the start",
                    where=f"moment {place}",
                    remedy="count milliseconds from the start of the recording",
                )
        for place, (before, after) in enumerate(pairwise(self.moments), 2):
            _check_order(before, after, f"moment {place}")


def _check_order(before: Moment, after: Moment, where: str) -> None:
    if before.code == END:
        raise TimelineError(
            f"{after.code} comes after {END}", where=where, remedy=f"make {END} the last code"
        )
    if after.at_ms < before.at_ms:
        raise TimelineError(
            f"{after.code} at {after.at_ms} ms comes after {before.code} at {before.at_ms} ms",
            where=where,
            remedy="put the codes in order of time",
        )


def from_notes(notes: Iterable[tuple[int, str]], end_ms: int | None = None) -> Timeline:
    """A timeline from code notes `(at_ms, code)` in any order, as they arrive from phones.

    `end_ms` is the end of the visit; a code at or after it, or after an END, has no time in the lesson and is
    left out. Without any end the last code is still running: it makes no segment. Raises `TimelineError` for
    a negative time.

    >>> lesson = from_notes([(60_000, "LQ"), (0, "LT")], end_ms=90_000)
    >>> [(moment.at_ms, moment.code) for moment in lesson.moments]
    [(0, 'LT'), (60000, 'LQ'), (90000, 'END')]
    """
    ordered = sorted((Moment(at_ms, code) for at_ms, code in notes), key=lambda moment: moment.at_ms)
    ends = [moment.at_ms for moment in ordered if moment.code == END]
    stop_ms = min(([] if end_ms is None else [end_ms]) + ends, default=None)
    if stop_ms is None:
        return Timeline(tuple(ordered))
    kept = (moment for moment in ordered if moment.at_ms < stop_ms)
    return Timeline((*kept, Moment(stop_ms, END)))
