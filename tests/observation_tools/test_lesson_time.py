"""Notes of several phones on one lesson: clocks are off, marks are moved, and every note stays where it was."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observation_tools.errors import MomentError
from observation_tools.lesson_time import Clocked, Piece, begins_ms, lesson_ms, on_recording

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
offsets = st.integers(-(2**31), 2**31 - 1)
spans = st.integers(0, 4 * 3_600_000)


def by_a_clock(true_ms: int, offset_ms: int) -> Clocked:
    """What a phone says of a true moment whose clock needs `offset_ms` more."""
    return Clocked(NINE + timedelta(milliseconds=true_ms - offset_ms), offset_ms)


@given(spans, spans, spans, offsets, offsets, offsets)
def test_however_far_off_the_clocks_are_a_note_lies_where_it_was(
    start: int, film: int, note: int, of_host: int, of_camera: int, of_observer: int
) -> None:
    lesson = by_a_clock(start, of_host)
    said = lesson_ms(by_a_clock(note, of_observer), lesson)
    begins = begins_ms(by_a_clock(film, of_camera), lesson)
    assert (said, begins) == (note - start, film - start)
    place = on_recording(note - start, None, begins, None)
    assert place == (Piece(note - film) if note >= film else None)


def test_what_a_note_says_itself_counts_where_a_clock_is_missing() -> None:
    clock = Clocked(NINE)
    assert lesson_ms(clock, None, 700) == lesson_ms(None, clock, 700) == 700
    assert lesson_ms(clock, clock, 700) == 0
    assert lesson_ms(None, clock) is None


def test_the_mark_in_a_recording_is_surer_than_clocks() -> None:
    clock = Clocked(NINE)
    assert begins_ms(clock, clock, at_ms=9, start_mark_ms=0) == 0
    assert begins_ms(clock, clock, at_ms=9) == 0
    assert begins_ms(None, clock, at_ms=9) == 9


def test_a_mark_that_is_moved_later_takes_the_notes_along() -> None:
    note, begins = 60_000, begins_ms(None, None, start_mark_ms=5_000)
    later = begins_ms(None, None, start_mark_ms=8_000)
    assert on_recording(note, None, begins, None) == Piece(65_000)
    assert on_recording(note, None, later, None) == Piece(68_000)


@pytest.mark.parametrize(
    ("note", "lies"),
    [
        ((-1, None), None),
        ((0, None), Piece(0)),
        ((-2, -1), None),
        ((-2, 0), Piece(0, 0)),
        ((-2, 9_000), Piece(0, 5_000)),
        ((4_000, 9_000), Piece(4_000, 5_000)),
        ((5_000, 9_000), Piece(5_000, 5_000)),
        ((5_001, 9_000), None),
        ((5_001, None), None),
    ],
)
def test_what_lies_beside_a_recording_is_not_on_it(note: tuple[int, int | None], lies: Piece | None) -> None:
    assert on_recording(*note, 0, 5_000) == lies


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(MomentError, match="has no time zone; give moments in UTC"):
        Clocked(NINE.replace(tzinfo=None))
