"""Reading annotations: one, a page, or a collection that holds its pages; ours without loss, others' as far as a note goes."""

from collections.abc import Iterator
from typing import Any

from observation_tools.errors import AnnotationError, NoteError
from observation_tools.notes import Note, NotesRead, Repair
from observation_tools.web_annotation.bodies import Body, read_bodies
from observation_tools.web_annotation.targets import Target, read_targets
from observation_tools.web_annotation.words import MOTIVATIONS, NOTE, PERSON, name_of, words

_KINDS = {motivation: kind for kind, motivation in MOTIVATIONS.items()}


def read_annotations(document: object) -> NotesRead:
    """The notes of a document as JSON values, each with the JSON pointer of its annotation.

    Several texts become one, with an empty line between; a second tag becomes text, which is told. An annotation about
    several targets becomes a note of each. Raises `AnnotationError` with the pointer of what cannot be read.

    >>> read_annotations({"type": "Annotation", "bodyValue": "hm", "target": "lesson.mp4#t=5"}).notes[0].at_ms
    5000
    """
    notes: list[Note] = []
    places: list[str] = []
    repairs: list[Repair] = []
    for at, annotation in _annotations(document):
        made = _notes(annotation, at, repairs)
        notes += made
        places += [at] * len(made)
    return NotesRead(tuple(notes), tuple(places), tuple(repairs))


def _annotations(document: object) -> Iterator[tuple[str, dict[str, Any]]]:
    said = _object(document, "")
    types = words(said.get("type"))
    if "Annotation" in types:
        yield "", said
    elif "AnnotationPage" in types:
        yield from _pages(said, "")
    elif "AnnotationCollection" in types:
        if said.get("first") is not None or said.get("total") != 0:
            yield from _pages(_object(said.get("first"), "/first"), "/first")
    else:
        remedy = "send an Annotation, an AnnotationPage or an AnnotationCollection"
        raise AnnotationError(
            f"not an annotation but {_shown(said.get('type'))}", where="/type", remedy=remedy
        )


def _pages(page: dict[str, Any], at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The annotations of a page and of those that it holds in `next`; one that is only named is another document."""
    following: Any = page
    while isinstance(following, dict):
        items = following.get("items")
        if not isinstance(items, list):
            raise AnnotationError(
                "a page without items", where=f"{at}/items", remedy="put its annotations there"
            )
        for place, item in enumerate(items):
            yield f"{at}/items/{place}", _object(item, f"{at}/items/{place}")
        following, at = following.get("next"), f"{at}/next"


def _object(said: object, at: str) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise AnnotationError(
            f"not an object but {_shown(said)}",
            where=at,
            remedy="put the whole of it here, not only its address",
        )
    return said


def _notes(annotation: dict[str, Any], at: str, repairs: list[Repair]) -> list[Note]:
    if "Annotation" not in words(annotation.get("type")):
        raise AnnotationError(
            f"not an annotation but {_shown(annotation.get('type'))}",
            where=f"{at}/type",
            remedy="make its type Annotation",
        )
    said = _content(read_bodies(annotation, at), at, repairs) | _about(annotation, at)
    targets = read_targets(annotation, at)
    if any(target.untimed for target in targets):
        repairs.append(
            Repair(f"{at}/target", "what it selects has no time: the note is about the whole lesson")
        )
    ours = str(annotation.get("id", "")).startswith(NOTE)
    return [_note(said, target, ours, at) for target in targets]


def _note(said: dict[str, Any], target: Target, ours: bool, at: str) -> Note:
    # An absent start means the beginning, but ours never say more than the note did.
    starts = target.from_ms is not None or target.to_ms is None or ours
    from_ms = target.from_ms if starts else 0
    try:
        return Note(
            **said, at_ms=from_ms, until_ms=target.to_ms, at=target.at, clock_offset_ms=target.clock_offset_ms
        )
    except NoteError as error:
        raise AnnotationError(error.what, where=at, remedy=error.remedy) from None


def _content(bodies: tuple[Body, ...], at: str, repairs: list[Repair]) -> dict[str, Any]:
    texts = [body.text for body in bodies if not body.tag]
    tags = [body.text for body in bodies if body.tag and not body.instrument]
    instruments = [body.text for body in bodies if body.tag and body.instrument]
    for more in (*tags[1:], *instruments[1:]):
        texts.append(more)
        repairs.append(Repair(f"{at}/body", f"a note has one code: the tag {more[:40]!r} became text"))
    return {
        "text": "\n\n".join(texts) if texts else None,
        "code": tags[0] if tags else None,
        "instrument": instruments[0] if instruments else None,
    }


def _about(annotation: dict[str, Any], at: str) -> dict[str, Any]:
    motivations = words(annotation.get("motivation"))
    return {
        "id": name_of(NOTE, _text(annotation, "id", at) or ""),
        "note_kind": next((_KINDS[word] for word in motivations if word in _KINDS), "noticing"),
        "created_by": _creator(annotation.get("creator")),
        "created_at": _text(annotation, "created", at),
        "updated_at": _text(annotation, "modified", at),
    }


def _creator(said: Any) -> str | None:
    """The first creator that is named, by an IRI where there is one."""
    for one in said if isinstance(said, list) else [said]:
        named = (one.get("id"), one.get("name")) if isinstance(one, dict) else (one,)
        for name in named:
            if isinstance(name, str):
                return name_of(PERSON, name)
    return None


def _text(annotation: dict[str, Any], name: str, at: str) -> str | None:
    said = annotation.get(name)
    if said is not None and not isinstance(said, str):
        raise AnnotationError(f"{name} is {_shown(said)}", where=f"{at}/{name}", remedy="write text")
    return said


def _shown(said: object) -> str:
    return "nothing" if said is None else f"{said!r:.40}"
