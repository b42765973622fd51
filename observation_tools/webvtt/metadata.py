"""Notes as a metadata track, and notes out of any track.

A cue's text is one JSON object with every field of the note, in ASCII and with `<`, `>` and `&` escaped, so that no reader
takes anything in it for times, markup or the end of the cue.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from observation_tools.errors import NoteError, TrackError, nearest
from observation_tools.notes import Note, NotesRead, Repair
from observation_tools.webvtt.reading import Track, TrackCue, read_webvtt
from observation_tools.webvtt.words import spoken
from observation_tools.webvtt.writing import Cue, any_time, block, ends_of, track_file

METADATA = "metadata"
_NUMBERS = frozenset({"at_ms", "until_ms", "clock_offset_ms"})
_FIELDS = tuple(field.name for field in fields(Note))
_REQUIRED = ("id", "note_kind")
_HARMLESS = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "<>&"})


def to_metadata(notes: Iterable[Note], *, header: Iterable[str] = ()) -> str:
    """A metadata track of the notes, in order of time. A note that does not say when it was stands at the start.

    >>> print(to_metadata([Note("n1", "tally", code="<q>", at_ms=500)]).splitlines()[4][:47])
    {"id":"n1","note_kind":"tally","text":null,"cod
    """
    cues = [Cue(note.id, note.at_ms or 0, _json(note), to_ms=note.until_ms) for note in notes]
    ordered = sorted(cues, key=lambda cue: cue.from_ms)
    blocks = (
        block(any_time(cue.from_ms), any_time(to_ms), cue.text, cue.id)
        for cue, to_ms in zip(ordered, ends_of(ordered), strict=True)
    )
    return track_file(blocks, header, METADATA)


def read_notes(text: str) -> NotesRead:
    r"""The notes of a track, in order of time, each with the line of its times.

    A track is taken as metadata when its first line says so or each of its cues holds a JSON object; the object then says
    what the note is, and the cue's times count only where it has no `at_ms`. In any other track a cue is a noticing of its
    words, whoever's voice it is; one without words is passed over and told. Raises `TrackError` with line and column.

    >>> read_notes("WEBVTT\n\nn1\n00:01.000 --> 00:02.000\n<v Ada>x &lt; y").notes[0].text
    'x < y'
    """
    track = read_webvtt(text)
    return _objects(track) if _is_metadata(track) else _captions(track)


def _json(note: Note) -> str:
    return json.dumps(asdict(note), separators=(",", ":")).translate(_HARMLESS)


def _is_metadata(track: Track) -> bool:
    if METADATA in track.title.casefold().split():
        return True
    return bool(track.cues) and all(_is_object(cue.text) for cue in track.cues)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _captions(track: Track) -> NotesRead:
    told = [(cue, spoken(cue.text)[1]) for cue in track.cues]
    silent = (
        Repair(f"line {cue.line}", "the cue has no words and was passed over")
        for cue, words in told
        if not words
    )
    said = [(cue, words) for cue, words in told if words]
    notes = (Note(cue.id, "noticing", words, at_ms=cue.from_ms, until_ms=cue.to_ms) for cue, words in said)
    return NotesRead(tuple(notes), tuple(f"line {cue.line}" for cue, _ in said), (*track.repairs, *silent))


def _objects(track: Track) -> NotesRead:
    places = tuple(f"line {cue.line}" for cue in track.cues)
    return NotesRead(tuple(_note(cue) for cue in track.cues), places, track.repairs)


def _note(cue: TrackCue) -> Note:
    said = _parsed(cue)
    for name, value in said.items():
        _check(name, value, cue)
    times = {} if "at_ms" in said else {"at_ms": cue.from_ms, "until_ms": cue.to_ms}
    named = {"id": cue.id} | times | said
    if "note_kind" not in named:
        raise _error(cue, "the object has no note_kind", "say what kind of note it is")
    try:
        return Note(**named)
    except NoteError as error:
        raise _error(cue, error.what, error.remedy) from None


def _parsed(cue: TrackCue) -> dict[str, Any]:
    remedy = "write one JSON object in each cue of a metadata track"
    try:
        said = json.loads(cue.text, object_pairs_hook=_members)
    except json.JSONDecodeError as error:
        where = f"line {cue.line + error.lineno}, column {error.colno}"
        raise TrackError(f"not readable as JSON ({error.msg})", where=where, remedy=remedy) from None
    except (ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _error(cue, f"not readable as JSON ({what})", remedy) from None
    if not isinstance(said, dict):
        raise _error(cue, "the cue holds no JSON object", remedy)
    return said


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands there twice")
    return members


def _check(name: str, value: object, cue: TrackCue) -> None:
    if name not in _FIELDS:
        raise _error(cue, f"a note has no field {name[:40]!r}", nearest(name[:40], _FIELDS))
    kind, words = (int, "a whole number") if name in _NUMBERS else (str, "text")
    if not (value is None and name not in _REQUIRED) and type(value) is not kind:
        raise _error(cue, f"{name} is {json.dumps(value)[:40]}", f"write {words}")


def _error(cue: TrackCue, what: str, remedy: str) -> TrackError:
    return TrackError(what, where=f"line {cue.line + 1}, column 1", remedy=remedy)
