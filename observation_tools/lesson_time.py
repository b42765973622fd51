"""Where on a recording something lies that was written down during the lesson, by whatever clock.

A moment by a device's clock plus that device's offset is the true time. Lesson time counts from the visit's start mark.
Where a recording begins in it is said by a person (where in the recording the lesson starts), or follows from when it
was begun. Nothing that is worked out here is stored: when a mark is moved, everything follows.

>>> visit = LessonStart("2026-11-21T09:00:40.000Z", clock_offset_ms=-40_000)
>>> note = Timed("2026-11-21T08:59:58.000Z", clock_offset_ms=5_000)
>>> lesson_ms(note, visit)
3000
>>> film = Film(Timed("2026-11-21T08:59:50.000Z", clock_offset_ms=0))
>>> film_ms(note, visit, film)
13000
>>> film_ms(note, visit, Film(start_mark_ms=60_000))
63000
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Timed:
    """When something was, by a device's clock (`at`, RFC 3339) and what that was off by, or by its place in the lesson.

    `at_ms` counts where no moment is known: of what was brought in from a file, or typed by a clock without a date.
    """

    at: str | None = None
    clock_offset_ms: int | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class LessonStart:
    """The start mark of a visit, by the clock of the device that set it."""

    started_at: str | None = None
    clock_offset_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Film:
    """A recording: when it was begun, and where in it a person says that the lesson starts."""

    begun: Timed = Timed()
    start_mark_ms: int | None = None


def lesson_ms(timed: Timed, start: LessonStart) -> int | None:
    """Milliseconds from the start of the lesson, before it negative; None where nothing says when."""
    at, began = _true(timed.at, timed.clock_offset_ms), _true(start.started_at, start.clock_offset_ms)
    if at is None or began is None:
        return timed.at_ms
    return round((at - began) / timedelta(milliseconds=1))


def film_begins_ms(start: LessonStart, film: Film) -> int:
    """When in the lesson the recording begins, in milliseconds; with its start where nothing says otherwise."""
    if film.start_mark_ms is not None:
        return -film.start_mark_ms
    return lesson_ms(film.begun, start) or 0


def film_ms(timed: Timed, start: LessonStart, film: Film) -> int | None:
    """Milliseconds from the first picture of the recording, negative before it; None where nothing says when."""
    in_lesson = lesson_ms(timed, start)
    return None if in_lesson is None else in_lesson - film_begins_ms(start, film)


def _true(at: str | None, clock_offset_ms: int | None) -> datetime | None:
    return None if at is None else datetime.fromisoformat(at) + timedelta(milliseconds=clock_offset_ms or 0)
