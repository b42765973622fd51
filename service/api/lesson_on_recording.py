"""Notes of a visit as they lie on a recording of it: on the recording's own time, as marks and clocks say now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from observation_tools.lesson_time import Clocked, begins_ms, lesson_ms, on_recording
from sync.changes import Record
from sync.clock import moment


def begins(recording: Record, visit: Record, whole: Record | None) -> int:
    """The lesson time of its first picture; of a clip, by the `whole` recording that it is cut from, while that is there."""
    start = _clocked(visit["started_at"], visit["clock_offset_ms"])
    said = recording if whole is None or recording["start_mark_ms"] is not None else whole
    first = begins_ms(
        _clocked(said["at"], said["clock_offset_ms"]),
        start,
        at_ms=said["at_ms"],
        start_mark_ms=said["start_mark_ms"],
    )
    return first + recording["from_ms"] if said is whole else first


def laid(notes: Iterable[Record], visit: Record, begins_at_ms: int, duration_ms: int | None) -> list[Record]:
    """The notes that lie on it, in its time; one that says no time is about all of it."""
    return list(_laid(notes, visit, begins_at_ms, duration_ms))


def laid_codes(
    codes: Iterable[Record], visit: Record, begins_at_ms: int, duration_ms: int | None
) -> list[Record]:
    """The same of coded notes: a code lasts until the next, so what came before the first picture begins with it."""
    timed = ((_lesson_ms(note, visit), note) for note in codes)
    starts = sorted(
        ((at_ms - begins_at_ms, note) for at_ms, note in timed if at_ms is not None), key=lambda one: one[0]
    )
    return [
        note | {"at_ms": max(0, at_ms)}
        for at_ms, note in starts
        if duration_ms is None or at_ms <= duration_ms
    ]


def _laid(
    notes: Iterable[Record], visit: Record, begins_at_ms: int, duration_ms: int | None
) -> Iterator[Record]:
    for note in notes:
        at_ms = _lesson_ms(note, visit)
        if at_ms is None:
            yield note | {"at_ms": None, "until_ms": None}
            continue
        until_ms = None if note["until_ms"] is None else at_ms + note["until_ms"] - (note["at_ms"] or 0)
        piece = on_recording(at_ms, until_ms, begins_at_ms, duration_ms)
        if piece is not None:
            yield note | {"at_ms": piece.at_ms, "until_ms": piece.until_ms}


def _lesson_ms(note: Record, visit: Record) -> int | None:
    start = _clocked(visit["started_at"], visit["clock_offset_ms"])
    return lesson_ms(_clocked(note["at"], note["clock_offset_ms"]), start, note["at_ms"])


def _clocked(at: str | None, clock_offset_ms: int | None) -> Clocked | None:
    return None if at is None else Clocked(moment(at), clock_offset_ms or 0)
