"""The time of a piece of a recording as W3C's Media Fragments URI 1.0 (2012) writes it, to the millisecond.

`t=12.5` begins at 12.5 seconds and is about that point or all that follows, `t=12.5,17` ends at 17, `t=,17` has no start.
"""

import re
from urllib.parse import unquote

from observation_tools.errors import FragmentError

_NPT = re.compile(r"(?:(?:(\d{1,6}):)?([0-5]\d):([0-5]\d)|(\d{1,9}))(?:\.(\d*))?", re.ASCII)
_REMEDY = "write seconds from the start, such as t=12.5 or t=12.5,17"


def time_fragment(from_ms: int | None, to_ms: int | None = None) -> str:
    """The fragment from `from_ms` to `to_ms`; empty without either.

    A stretch of no length comes out as `t=5,5`, which the grammar has and players pass over.

    >>> time_fragment(12_500), time_fragment(12_500, 17_000), time_fragment(None, 5)
    ('t=12.5', 't=12.5,17', 't=,0.005')
    """
    if from_ms is None and to_ms is None:
        return ""
    end = "" if to_ms is None else f",{_seconds(to_ms)}"
    return f"t={'' if from_ms is None else _seconds(from_ms)}{end}"


def read_time(fragment: str) -> tuple[int | None, int | None]:
    """Start and end in milliseconds, None for what is not said; what lies below a millisecond is cut off.

    Other dimensions (`xywh=...`) are passed over; of several times the last one counts, as the standard has it.
    Raises `FragmentError` for a time that is none, or is counted in frames or by the clock on the wall.

    >>> read_time("xywh=0,0,9,9&t=npt:1:02:03.004,"), read_time("t=,10"), read_time("top")
    ((3723004, None), (None, 10000), (None, None))
    """
    pairs = (unquote(pair).partition("=") for pair in fragment.removeprefix("#").split("&"))
    times = [value for name, _, value in pairs if name == "t"]
    return _interval(times[-1]) if times else (None, None)


def _interval(said: str) -> tuple[int | None, int | None]:
    start, _, end = said.removeprefix("npt:").partition(",")
    if not (start or end):
        raise FragmentError(f"t={said[:60]} says no time", remedy=_REMEDY)
    from_ms, to_ms = (_milliseconds(time, said) if time else None for time in (start, end))
    if to_ms is not None and (from_ms or 0) > to_ms:
        raise FragmentError(f"t={said[:60]} ends before it begins", remedy="name the start first")
    return from_ms, to_ms


def _milliseconds(time: str, said: str) -> int:
    match = _NPT.fullmatch(time)
    if match is None:
        raise FragmentError(f"t={said[:60]} is not a time of the recording", remedy=_REMEDY)
    hours, minutes, seconds, all_seconds, fraction = match.groups(default="")
    whole = int(all_seconds) if all_seconds else (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1_000 + int(f"{fraction}000"[:3])


def _seconds(at_ms: int) -> str:
    seconds, milliseconds = divmod(at_ms, 1_000)
    return f"{seconds}.{milliseconds:03}".rstrip("0").rstrip(".")
