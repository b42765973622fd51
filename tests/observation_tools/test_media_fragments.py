"""A time goes out and comes back to the millisecond; what others write is read as Media Fragments has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observation_tools.errors import FragmentError
from observation_tools.media_fragments import read_time, time_fragment

times = st.none() | st.integers(0, 2**31 - 1)


@given(times, times)
def test_what_is_written_is_read(start: int | None, end: int | None) -> None:
    from_ms, to_ms = (end, start) if None not in (start, end) and start > end else (start, end)
    assert read_time(time_fragment(from_ms, to_ms)) == (from_ms, to_ms)


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "fragment"),
    [
        (0, None, "t=0"),
        (12_500, None, "t=12.5"),
        (12_500, 17_000, "t=12.5,17"),
        (1, 10, "t=0.001,0.01"),
        (5_000, 5_000, "t=5,5"),
        (None, 10_000, "t=,10"),
        (None, None, ""),
    ],
)
def test_seconds_are_exact(from_ms: int | None, to_ms: int | None, fragment: str) -> None:
    assert time_fragment(from_ms, to_ms) == fragment


@pytest.mark.parametrize(
    ("fragment", "time"),
    [
        ("#t=10", (10_000, None)),
        ("t=10,", (10_000, None)),
        ("t=npt:10,20", (10_000, 20_000)),
        ("t=npt:,121.5", (None, 121_500)),
        ("t=0:02:00,121.5", (120_000, 121_500)),
        ("t=02:01.,", (121_000, None)),
        ("t=npt%3a10%2C20", (10_000, 20_000)),
        ("%74=7", (7_000, None)),
        ("track=x&t=1&xywh=0,0,1,1&t=2", (2_000, None)),
        ("t=0.1239", (123, None)),
        ("xywh=percent:5,5,15,15", (None, None)),
        ("section-2", (None, None)),
        ("", (None, None)),
    ],
)
def test_what_others_write(fragment: str, time: tuple[int | None, int | None]) -> None:
    assert read_time(fragment) == time


@pytest.mark.parametrize(
    ("fragment", "told"),
    [
        ("t=", "t= says no time; write seconds"),
        ("t=,", "t=, says no time"),
        ("t=20,10", "t=20,10 ends before it begins; name the start first"),
        ("t=-5", "t=-5 is not a time"),
        ("t=1:5", "t=1:5 is not a time"),
        ("t=5,6,7", "t=5,6,7 is not a time"),
        ("t=smpte-25:10:07:33:06", "t=smpte-25:10:07:33:06 is not a time"),
        ("t=clock:2009-07-26T11:19:01Z", "t=clock:2009-07-26T11:19:01Z is not a time"),
        ("t=" + "9" * 5_000, "t=999"),
        ("t=٣", "t=٣ is not a time"),
    ],
)
def test_what_is_no_time_of_the_recording(fragment: str, told: str) -> None:
    with pytest.raises(FragmentError) as caught:
        read_time(fragment)
    assert str(caught.value).startswith(told)
    assert caught.value.remedy
