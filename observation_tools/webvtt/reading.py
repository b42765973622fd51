"""Reading a track, block by block as the parser of the W3C text does.

Where that parser would drop in silence what somebody meant, this one says so: times that cannot be read are an error,
and what is passed over is told as a repair. Settings of a cue (where on the screen it stands) say nothing about a
note; they are passed over untold, as comments, styles and regions are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from observation_tools.errors import TrackError
from observation_tools.notes import Repair

ARROW = "-->"
_TIME = re.compile(r"(?:(\d{1,6}):)?([0-5]\d):([0-5]\d)\.(\d{3})", re.ASCII)
_SIGNATURE = re.compile(r"WEBVTT(?:[ \t](.*))?")
_NO_CUE = re.compile(r"NOTE(?:[ \t].*)?|(?:STYLE|REGION)[ \t]*")


@dataclass(frozen=True, slots=True)
class TrackCue:
    """One cue as it stands in the file: `text` still holds its markup; its times are in line `line`."""

    line: int
    id: str
    from_ms: int
    to_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Track:
    """A file: what its first line says after WEBVTT, its cues in order of time, and what was repaired."""

    title: str
    cues: tuple[TrackCue, ...]
    repairs: tuple[Repair, ...] = ()


def read_webvtt(text: str) -> Track:
    r"""The track that a file holds; a NUL in it becomes U+FFFD.

    A cue that ends before it begins, and words without times, are passed over and told in `repairs`. Raises `TrackError`
    with line and column for a file that does not begin with WEBVTT, and for times that cannot be read.

    >>> read_webvtt("WEBVTT\n\n00:01.000 --> 00:02.500 align:start\nhm\n").cues
    (TrackCue(line=3, id='', from_ms=1000, to_ms=2500, text='hm'),)
    """
    lines = (
        text.removeprefix("\ufeff")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\0", "\ufffd")
        .split("\n")
    )
    title = _title(lines[0])
    cues: list[TrackCue] = []
    repairs: list[Repair] = []
    place = _end_of_block(lines, 1)
    while place < len(lines):
        if lines[place]:
            place = _read_block(lines, place, cues, repairs)
        else:
            place += 1
    return Track(title, tuple(sorted(cues, key=lambda cue: cue.from_ms)), tuple(repairs))


def _title(first: str) -> str:
    signature = _SIGNATURE.fullmatch(first)
    if signature is None:
        raise TrackError(
            f"the file begins with {first[:40]!r}",
            where="line 1, column 1",
            remedy="make WEBVTT its first line",
        )
    return (signature.group(1) or "").strip()


def _read_block(lines: Sequence[str], place: int, cues: list[TrackCue], repairs: list[Repair]) -> int:
    """Add what the block at `place` holds; returns where it ends."""
    times = _line_of_times(lines, place)
    end = _end_of_block(lines, 1 + (place if times is None else times))
    if times is not None:
        _add(cues, repairs, _cue(lines, place, times, end))
    elif not _NO_CUE.fullmatch(lines[place]):
        repairs.append(Repair(f"line {place + 1}", f"{lines[place][:40]!r} has no times and was passed over"))
    return end


def _end_of_block(lines: Sequence[str], place: int) -> int:
    """Where a block that has come to `place` ends: at an empty line, or where the times of the next cue stand."""
    while place < len(lines) and lines[place] and ARROW not in lines[place]:
        place += 1
    return place


def _line_of_times(lines: Sequence[str], place: int) -> int | None:
    """The times stand in the first line of a cue, or in the second after its id."""
    if ARROW in lines[place]:
        return None if _NO_CUE.fullmatch(lines[place]) else place
    follows = place + 1 < len(lines) and ARROW in lines[place + 1]
    return place + 1 if follows else None


def _cue(lines: Sequence[str], place: int, times: int, end: int) -> TrackCue:
    before, _, after = lines[times].partition(ARROW)
    from_ms = _time(before.strip(), times, len(before) - len(before.lstrip()))
    closing, settings = after.lstrip(), len(lines[times]) - len(after.lstrip())
    to_ms = _time(closing.split()[0] if closing else "", times, settings)
    name = lines[place] if place < times else ""
    return TrackCue(times + 1, name, from_ms, to_ms, "\n".join(lines[times + 1 : end]))


def _time(word: str, line: int, column: int) -> int:
    match = _TIME.fullmatch(word)
    if match is None:
        raise TrackError(
            f"{word[:40]!r} is not a time",
            where=f"line {line + 1}, column {column + 1}",
            remedy="write it as HH:MM:SS.mmm, such as 00:01:02.500",
        )
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + milliseconds


def _add(cues: list[TrackCue], repairs: list[Repair], cue: TrackCue) -> None:
    if cue.to_ms < cue.from_ms:
        repairs.append(Repair(f"line {cue.line}", "the cue ends before it begins and was passed over"))
    else:
        cues.append(cue)
