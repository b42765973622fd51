"""Where what several people did lies on one lesson, and on a recording of it, though each phone has a clock of its own.

Three times. True time: what a phone's clock said, with what must be added to that clock. Lesson time: milliseconds from
the true start of the lesson. Recording time: milliseconds from a recording's first picture. Nothing is stored of what
follows from the marks: whoever moves one moves all that lies on it.

>>> from datetime import UTC, datetime
>>> nine = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
>>> start, camera = Clocked(nine), Clocked(nine.replace(second=50), -25_000)
>>> note = Clocked(nine.replace(minute=1), 40_000)
>>> lesson_ms(note, start), begins_ms(camera, start), lesson_ms(note, start) - begins_ms(camera, start)
(100000, 25000, 75000)
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from observation_tools.errors import MomentError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Clocked:
    """What a phone's clock said, and the milliseconds to add to it for the true time (0 while nobody knows).

    Raises `MomentError` for a moment without a time zone.
    """

    at: datetime
    clock_offset_ms: int = 0

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise MomentError(f"{self.at.isoformat()} has no time zone", remedy="give moments in UTC")

    @property
    def true_ms(self) -> int:
        """The true time, in milliseconds since 1970; what lies below a millisecond is cut off."""
        return (self.at - _EPOCH) // _MILLISECOND + self.clock_offset_ms


@dataclass(frozen=True, slots=True)
class Piece:
    """A point of a recording, or its piece up to `until_ms`, in milliseconds from its first picture."""

    at_ms: int
    until_ms: int | None = None


def lesson_ms(began: Clocked | None, start: Clocked | None, at_ms: int | None = None) -> int | None:
    """The lesson time of what began then: by the clocks where both are known, else `at_ms` as it was said.

    Below 0 it was before the lesson.

    >>> lesson_ms(None, None, 500)
    500
    """
    if began is None or start is None:
        return at_ms
    return began.true_ms - start.true_ms


def begins_ms(
    began: Clocked | None,
    start: Clocked | None,
    *,
    at_ms: int | None = None,
    start_mark_ms: int | None = None,
) -> int:
    """The lesson time of a recording's first picture. A start mark, set by who saw the lesson begin in it, is surest.

    A recording of which nothing is known begins with the lesson.

    >>> begins_ms(None, None, start_mark_ms=3_000), begins_ms(None, None)
    (-3000, 0)
    """
    if start_mark_ms is not None:
        return -start_mark_ms
    return lesson_ms(began, start, at_ms) or 0


def on_recording(
    from_ms: int, until_ms: int | None, recording_begins_ms: int, duration_ms: int | None
) -> Piece | None:
    """Where what lies on the lesson from `from_ms` (to `until_ms`) lies on a recording; None when it does not.

    What had begun before the first picture is there from the first; what goes on after the last ends with it.

    >>> on_recording(9_000, 12_000, 10_000, 60_000)
    Piece(at_ms=0, until_ms=2000)
    >>> on_recording(9_000, None, 10_000, 60_000), on_recording(71_000, None, 10_000, 60_000)
    (None, None)
    """
    start = from_ms - recording_begins_ms
    end = None if until_ms is None else max(until_ms, from_ms) - recording_begins_ms
    if (start if end is None else end) < 0:
        return None
    if duration_ms is not None:
        if start > duration_ms:
            return None
        end = None if end is None else min(end, duration_ms)
    return Piece(max(start, 0), end)
