"""Writing notes as a collection of annotations, its one page inside it."""

from collections.abc import Iterable, Mapping
from typing import Any

from observation_tools.media_fragments import time_fragment
from observation_tools.notes import Note
from observation_tools.web_annotation.words import (
    CLOCK,
    CONTEXT,
    INSTRUMENT,
    MEDIA_FRAGMENTS,
    MOTIVATIONS,
    NOTE,
    PERSON,
    PURPOSES,
    iri,
)

Members = dict[str, Any]


def to_annotations(notes: Iterable[Note], *, source: str, names: Mapping[str, str] | None = None) -> Members:
    """The notes about `source` (an IRI) as an AnnotationCollection in JSON-LD; `names` of authors by id.

    >>> made = to_annotations([Note("n1", "noticing", at_ms=500)], source="https://example.org/lesson.mp4")
    >>> made["first"]["items"][0]["target"]["selector"]["value"]
    't=0.5'
    """
    items = [_annotation(note, source, names or {}) for note in notes]
    page = {"id": f"{source}/annotations/1", "type": "AnnotationPage", "startIndex": 0, "items": items}
    return {
        "@context": CONTEXT,
        "id": f"{source}/annotations",
        "type": "AnnotationCollection",
        "total": len(items),
        "first": page,
    }


def _annotation(note: Note, source: str, names: Mapping[str, str]) -> Members:
    return _said(
        {
            "id": iri(NOTE, note.id),
            "type": "Annotation",
            "motivation": MOTIVATIONS[note.note_kind],
            "created": note.created_at,
            "modified": note.updated_at,
            "creator": _creator(note.created_by, names),
            "body": _bodies(note) or None,
            "target": _target(note, source),
        }
    )


def _creator(author: str | None, names: Mapping[str, str]) -> Members | None:
    if author is None:
        return None
    return _said({"id": iri(PERSON, author), "type": "Person", "name": names.get(author)})


def _bodies(note: Note) -> list[Members]:
    bodies = []
    if note.text is not None:
        bodies.append(_body(note.text, PURPOSES[note.note_kind]))
    if note.code is not None:
        bodies.append(_body(note.code, "tagging"))
    if note.instrument is not None:
        bodies.append({"id": iri(INSTRUMENT, note.instrument)} | _body(note.instrument, "tagging"))
    return bodies


def _body(value: str, purpose: str) -> Members:
    return {"type": "TextualBody", "value": value, "format": "text/plain", "purpose": purpose}


def _target(note: Note, source: str) -> Members:
    fragment = time_fragment(note.at_ms, note.until_ms)
    selector = {"type": "FragmentSelector", "conformsTo": MEDIA_FRAGMENTS, "value": fragment}
    return _said(
        {
            "type": "SpecificResource",
            "source": source,
            "selector": selector if fragment else None,
            "state": _state(note),
        }
    )


def _state(note: Note) -> Members | None:
    """When it was by the clock of its phone; the state's own name says how far off that clock was."""
    if note.at is None and note.clock_offset_ms is None:
        return None
    clock = None if note.clock_offset_ms is None else f"{CLOCK}{note.clock_offset_ms}"
    return _said({"id": clock, "type": "TimeState", "sourceDate": note.at})


def _said(members: Members) -> Members:
    return {name: value for name, value in members.items() if value is not None}
