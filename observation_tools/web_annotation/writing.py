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
    return collection([_annotation(note, source, names or {}) for note in notes], source)


def collection(items: list[Members], source: str) -> Members:
    """The annotations of `source` with the one page that holds them."""
    page = {"id": f"{source}/annotations/1", "type": "AnnotationPage", "startIndex": 0, "items": items}
    return {
        "@context": CONTEXT,
        "id": f"{source}/annotations",
        "type": "AnnotationCollection",
        "total": len(items),
        "first": page,
    }


def _annotation(note: Note, source: str, names: Mapping[str, str]) -> Members:
    return said_only(
        {
            "id": iri(NOTE, note.id),
            "type": "Annotation",
            "motivation": MOTIVATIONS[note.note_kind],
            "created": note.created_at,
            "modified": note.updated_at,
            "creator": creator_in(note.created_by, names),
            "body": _bodies(note) or None,
            "target": target_of(source, note.at_ms, note.until_ms, _state(note)),
        }
    )


def creator_in(author: str | None, names: Mapping[str, str]) -> Members | None:
    """Who made it, by id and, where it is known, by name."""
    if author is None:
        return None
    return said_only({"id": iri(PERSON, author), "type": "Person", "name": names.get(author)})


def _bodies(note: Note) -> list[Members]:
    bodies = []
    if note.text is not None:
        bodies.append(body_of(note.text, PURPOSES[note.note_kind]))
    if note.code is not None:
        bodies.append(body_of(note.code, "tagging"))
    if note.instrument is not None:
        bodies.append({"id": iri(INSTRUMENT, note.instrument)} | body_of(note.instrument, "tagging"))
    return bodies


def body_of(value: str, purpose: str) -> Members:
    """A text as a body."""
    return {"type": "TextualBody", "value": value, "format": "text/plain", "purpose": purpose}


def target_of(source: str, at_ms: int | None, until_ms: int | None, state: Members | None = None) -> Members:
    """The piece of `source` as a target, as it was in this `state`."""
    fragment = time_fragment(at_ms, until_ms)
    selector = {"type": "FragmentSelector", "conformsTo": MEDIA_FRAGMENTS, "value": fragment}
    return said_only(
        {
            "type": "SpecificResource",
            "source": source,
            "selector": selector if fragment else None,
            "state": state,
        }
    )


def _state(note: Note) -> Members | None:
    """When it was by the clock of its phone; the state's own name says how far off that clock was."""
    if note.at is None and note.clock_offset_ms is None:
        return None
    clock = None if note.clock_offset_ms is None else f"{CLOCK}{note.clock_offset_ms}"
    return said_only({"id": clock, "type": "TimeState", "sourceDate": note.at})


def said_only(members: Members) -> Members:
    """The members that say something."""
    return {name: value for name, value in members.items() if value is not None}
