"""Notes as records turned into what the craft works on, and back into answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from observation_tools.timed_coding import episodes, from_notes, segments, share_of_time, totals_ms
from observation_tools.webvtt import Cue, to_webvtt
from sync.changes import Record
from sync.clock import moment

LONGEST_MS = 100 * 3_600_000
"""No video track has a time of 100 hours or more."""


def webvtt(notes: Iterable[Record], names: Mapping[str, str]) -> str:
    """Timed notes as a WebVTT file, with the observer's name and what kind of note each is."""
    return to_webvtt(_cue(note, names) for note in notes if note["at_ms"] < LONGEST_MS)


def by_observer(notes: Iterable[Record], end_ms: int | None) -> list[dict[str, Any]]:
    """Time by code for each observer and instrument; `end_ms` is the end of the lesson, where it is known."""
    codings: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for note in notes:
        codings[note["created_by"], note["instrument"] or ""].append((note["at_ms"], note["code"]))
    return [_coded(*who, codes, end_ms) for who, codes in sorted(codings.items())]


def length_ms(visit: Record) -> int | None:
    """How long the visit was, where both ends are known and in order."""
    if not visit["started_at"] or not visit["ended_at"]:
        return None
    length = moment(visit["ended_at"]) - moment(visit["started_at"])
    return max(0, round(length.total_seconds() * 1000))


def _cue(note: Record, names: Mapping[str, str]) -> Cue:
    words = " ".join(part for part in (note["code"], note["text"]) if part)
    ends = note["until_ms"]
    to_ms = min(ends, LONGEST_MS - 1) if ends is not None and ends >= note["at_ms"] else None
    return Cue(note["id"], note["at_ms"], words, names.get(note["created_by"], ""), to_ms)


def _coded(
    observer_id: str, instrument: str, codes: list[tuple[int, str]], end_ms: int | None
) -> dict[str, Any]:
    lesson = segments(from_notes(codes, end_ms))
    totals, shares, times = totals_ms(lesson), share_of_time(lesson), episodes(lesson)
    spent = [
        {"code": code, "ms": total, "share": round(float(shares.get(code, 0)), 6), "episodes": times[code]}
        for code, total in totals.items()
    ]
    coded = {"observer_id": observer_id, "instrument": instrument or None, "coded_ms": sum(totals.values())}
    return coded | {"codes": spent}
