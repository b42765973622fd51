"""What a device's clock is off by: learnt from answers, believed as far as it can be, and written beside what it dated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sync.client.clock import Clock, Reading
from sync.clock import stamp

TRUE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def answer(clock: Clock, off_ms: int, there_ms: float, back_ms: float, at: datetime = TRUE) -> None:
    """A request of a device whose clock is behind by `off_ms`, at a true moment, with these ways there and back."""
    asked = at - timedelta(milliseconds=off_ms)
    said = at + timedelta(milliseconds=there_ms)
    clock.hear(asked, asked + timedelta(milliseconds=there_ms + back_ms), stamp(said))


@given(
    st.integers(-60_000, 60_000),
    st.lists(st.tuples(st.floats(0, 400), st.floats(0, 400)), min_size=1, max_size=40),
)
def test_the_truth_is_never_further_off_than_it_says(off_ms: int, ways: list[tuple[float, float]]) -> None:
    clock = Clock(lambda: TRUE)
    for number, (there, back) in enumerate(ways):
        answer(clock, off_ms, there, back, TRUE + timedelta(seconds=number))
    best = clock.reading
    assert best is not None
    assert abs(best.offset_ms - off_ms) <= best.uncertainty_ms + 2
    assert best.uncertainty_ms <= min(sum(way) for way in ways[-16:]) / 2 + 1


def test_the_quickest_answer_is_believed() -> None:
    clock, chance = Clock(lambda: TRUE), Random(7)
    for number in range(16):
        answer(
            clock, 40_000, chance.uniform(5, 400), chance.uniform(5, 400), TRUE + timedelta(seconds=number)
        )
    slow = clock.reading
    answer(clock, 40_000, 4, 6)
    best = clock.reading
    assert slow is not None
    assert best == Reading(40_001, 5) or best == Reading(39_999, 5)
    assert slow.uncertainty_ms > 5


def test_a_clock_that_is_set_is_noticed() -> None:
    clock = Clock(lambda: TRUE)
    answer(clock, 40_000, 2, 2)
    answer(clock, 0, 90, 110, TRUE + timedelta(seconds=9))
    assert clock.reading == Reading(-10, 100)


def test_words_that_are_no_time_teach_nothing() -> None:
    clock = Clock(lambda: TRUE)
    for said in (None, "", "noon", "2026-11-21", "2026-11-21T09:00:00"):
        clock.hear(TRUE, TRUE, said)
    clock.hear(TRUE, TRUE - timedelta(seconds=1), stamp(TRUE))
    assert clock.reading is None
    assert clock.stamp() == {"at": stamp(TRUE), "clock_offset_ms": None}


def test_a_clock_of_another_century_is_not_put_right() -> None:
    clock = Clock(lambda: TRUE)
    clock.hear(TRUE, TRUE, "2126-11-21T09:00:00.000Z")
    assert clock.reading is not None
    assert clock.stamp()["clock_offset_ms"] is None
