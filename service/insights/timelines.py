"""Notes as records turned into what the craft works on, and back into answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from observation_tools.comments import Comment
from observation_tools.notes import Note
from observation_tools.timed_coding import episodes, from_notes, segments, share_of_time, totals_ms
from observation_tools.web_annotation import comments_to_annotations, to_annotations
from observation_tools.webvtt import Cue, chapters, to_chapters, to_metadata, to_webvtt
from sync.changes import Record
from sync.clock import moment

LONGEST_MS = 100 * 3_600_000
"""No video track has a time of 100 hours or more."""
Codings = dict[tuple[str, str], list[tuple[int, str]]]
_FIELDS = tuple(field.name for field in fields(Note))
_COMMENT = tuple(field.name for field in fields(Comment))


def timed(notes: Iterable[Record]) -> list[Record]:
    """Those that say when in the lesson they were, where a video can be."""
    return [note for note in notes if note["at_ms"] is not None and note["at_ms"] < LONGEST_MS]


def codes(notes: Iterable[Record]) -> list[Record]:
    """Those that code what happens."""
    return [note for note in notes if note["note_kind"] == "code" and note["code"]]


def coded(notes: Iterable[Record]) -> list[Record]:
    """Those by which the time of the lesson is coded."""
    return [note for note in codes(notes) if note["at_ms"] is not None]


KINDS_OF_TRACK: Mapping[str, Callable[[Iterable[Record]], list[Record]]] = {
    "notes": timed,
    "metadata": list,
    "chapters": lambda notes: timed(coded(notes)),
}
"""What a track is for, and which notes stand in it."""


def track(kind: str, notes: Iterable[Record], names: Mapping[str, str], end_ms: int | None) -> str:
    """These notes as a track of this kind; `end_ms` is the end of what it lies on, where it is known."""
    if kind == "metadata":
        return metadata(notes)
    return chapter_track(notes, names, end_ms) if kind == "chapters" else captions(notes, names)


def captions(notes: Iterable[Record], names: Mapping[str, str]) -> str:
    """Timed notes (or comments) as captions, with the name of who said it."""
    return to_webvtt(_cue(note, names) for note in notes)


def metadata(notes: Iterable[Record]) -> str:
    """Notes as a metadata track, from which they can be read again without loss."""
    return to_metadata(as_note(note) for note in notes)


def chapter_track(notes: Iterable[Record], names: Mapping[str, str], end_ms: int | None) -> str:
    """Coded notes as chapters; those of several observers or instruments side by side."""
    last_ms = None if end_ms is None else min(end_ms, LONGEST_MS - 1)
    lessons = [
        (f"{names.get(person_id, '')} {instrument}".strip(), segments(from_notes(codes, last_ms)))
        for (person_id, instrument), codes in sorted(_codings(notes).items())
    ]
    return to_chapters(chapters(lessons))


def annotation_collection(source: str, notes: Iterable[Record], names: Mapping[str, str]) -> dict[str, Any]:
    """Notes as annotations of `source` (an IRI), a document of JSON-LD."""
    return to_annotations(map(as_note, notes), source=source, names=names)


def comment_collection(source: str, comments: Iterable[Record], names: Mapping[str, str]) -> dict[str, Any]:
    """Comments as annotations of `source`, likewise."""
    return comments_to_annotations(map(_as_comment, comments), source=source, names=names)


def as_note(record: Record) -> Note:
    """The record as it travels: without its visit, and how far it is shared."""
    return Note(**{name: record[name] for name in _FIELDS})


def _as_comment(record: Record) -> Comment:
    return Comment(**{name: record[name] for name in _COMMENT})


def by_observer(notes: Iterable[Record], end_ms: int | None) -> list[dict[str, Any]]:
    """Time by code for each observer and instrument; `end_ms` is the end of the lesson, where it is known."""
    return [_coded(*who, codes, end_ms) for who, codes in sorted(_codings(notes).items())]


def length_ms(visit: Record) -> int | None:
    """How long the visit was, where both ends are known and in order."""
    if not visit["started_at"] or not visit["ended_at"]:
        return None
    length = moment(visit["ended_at"]) - moment(visit["started_at"])
    return max(0, round(length.total_seconds() * 1000))


def _codings(notes: Iterable[Record]) -> Codings:
    """What each observer coded with each instrument: never mixed."""
    codings: Codings = defaultdict(list)
    for note in notes:
        codings[note["created_by"], note["instrument"] or ""].append((note["at_ms"], note["code"]))
    return codings


def _cue(note: Record, names: Mapping[str, str]) -> Cue:
    words = " ".join(part for part in (note.get("code"), note["text"]) if part)
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
