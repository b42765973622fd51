"""Timelines: at each moment of a lesson one code begins, and lasts until the next one does.

The shape is that of the FILL+ tool (Kinnear et al. 2021, doi:10.1007/s41979-020-00047-7; data: Kinnear 2022),
whose recordings all begin with `NA` (the camera runs, the lesson does not), may pause with `NA` (nothing
could be heard), and close with `END`. Neither is time of the lesson: `NA` makes no segment wherever it stands
and `END` closes the last one. Two codes in a row that are equal are two episodes (a question, and the same
question put again), and two codes at the same time leave a segment of no length, which still counts as an
episode.
"""

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

from observation_tools.errors import TimelineError
from observation_tools.timeline import END, NOT_CODED, Moment, Segment, Timeline, from_notes
from observation_tools.timeline_csv import parse_timeline

__all__ = ["END", "NOT_CODED", "Moment", "Segment", "Timeline", "from_notes", "parse_timeline"]
__all__ += ["episodes", "sampled", "segments", "share_of_time", "totals_ms"]


def segments(timeline: Timeline) -> tuple[Segment, ...]:
    """The coded time of a lesson in order: each code lasts until the next one, `NA` and `END` are not time of
    the lesson.

    >>> segments(Timeline((Moment(0, "NA"), Moment(5_000, "LT"), Moment(9_000, "END"))))
    (Segment(code='LT', from_ms=5000, to_ms=9000),)
    """
    return tuple(
        Segment(moment.code, moment.at_ms, following.at_ms)
        for moment, following in pairwise(timeline.moments)
        if moment.code != NOT_CODED
    )


def totals_ms(lesson: Iterable[Segment]) -> dict[str, int]:
    """Milliseconds per code, in order of first appearance.

    >>> totals_ms([Segment("LT", 0, 4_000), Segment("LQ", 4_000, 5_000), Segment("LT", 5_000, 6_000)])
    {'LT': 5000, 'LQ': 1000}
    """
    totals: Counter[str] = Counter()
    for segment in lesson:
        totals[segment.code] += segment.length_ms
    return dict(totals)


def share_of_time(lesson: Iterable[Segment]) -> dict[str, Fraction]:
    """The exact share of the coded time that each code took, 0 to 1; they add up to 1. Empty when no time was
    coded.

    >>> share_of_time([Segment("LT", 0, 4_000), Segment("LQ", 4_000, 5_000)])
    {'LT': Fraction(4, 5), 'LQ': Fraction(1, 5)}
    """
    totals = totals_ms(lesson)
    lesson_ms = sum(totals.values())
    return {code: Fraction(total, lesson_ms) for code, total in totals.items()} if lesson_ms else {}


def episodes(lesson: Iterable[Segment]) -> dict[str, int]:
    """How many times each code began, in order of first appearance.

    >>> episodes([Segment("LQ", 0, 4_000), Segment("LQ", 4_000, 4_000)])
    {'LQ': 2}
    """
    return dict(Counter(segment.code for segment in lesson))


def sampled(
    lesson: Iterable[Segment], from_ms: int, to_ms: int, every_ms: int = 1_000
) -> tuple[str | None, ...]:
    """The code at `from_ms`, `from_ms + every_ms` ... before `to_ms`; None where nothing was coded.

    Two observers of one lesson, sampled alike, can be compared with `agreement`; FILL+ compares every second.
    Raises `TimelineError` when `every_ms` is not positive.

    >>> sampled([Segment("LT", 0, 1_500), Segment("LQ", 1_500, 3_000)], 0, 4_000)
    ('LT', 'LT', 'LQ', None)
    """
    if every_ms <= 0:
        raise TimelineError(f"cannot sample every {every_ms} ms", remedy="give a positive step")
    at: dict[int, str] = {}
    for segment in lesson:
        first = max(0, -((from_ms - segment.from_ms) // every_ms))
        for tick in range(first, -((from_ms - segment.to_ms) // every_ms)):
            at[tick] = segment.code
    return tuple(at.get(tick) for tick in range(-((from_ms - to_ms) // every_ms)))
