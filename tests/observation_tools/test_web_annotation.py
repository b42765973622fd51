"""Our annotations come back without loss; others' are read as far as a note goes, and what is wrong is told by pointer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observation_tools.errors import AnnotationError
from observation_tools.notes import Note, Repair
from observation_tools.web_annotation import read_annotations, to_annotations
from tests.observation_tools.notes import notes

SOURCE = "https://example.org/lesson.mp4"


@given(st.lists(notes(), max_size=6))
def test_our_annotations_give_back_the_same_notes(written: list[Note]) -> None:
    text = json.dumps(to_annotations(written, source=SOURCE, names={"ada": "Ada"}))
    read = read_annotations(json.loads(text))
    assert read.notes == tuple(written)
    assert read.places == tuple(f"/first/items/{place}" for place in range(len(written)))
    assert read.repairs == ()


def tag(value: str, **said: str) -> dict[str, str]:
    return said | {"type": "TextualBody", "value": value, "format": "text/plain", "purpose": "tagging"}


AT, MADE, CHANGED = (f"2026-11-21T{time}Z" for time in ("09:30:12.500", "09:30:13.000", "10:00:00.000"))
WHOLE = {
    "id": "urn:comewatch:note:note-one",
    "type": "Annotation",
    "motivation": "classifying",
    "created": MADE,
    "modified": CHANGED,
    "creator": {"id": "urn:comewatch:person:olga", "type": "Person", "name": "Olga"},
    "body": [
        {"type": "TextualBody", "value": "Three asked.", "format": "text/plain", "purpose": "commenting"},
        tag("LQ"),
        tag("fill-plus@1", id="urn:comewatch:instrument:fill-plus%401"),
    ],
    "target": {
        "type": "SpecificResource",
        "source": SOURCE,
        "selector": {
            "type": "FragmentSelector",
            "conformsTo": "http://www.w3.org/TR/media-frags/",
            "value": "t=12.5,17",
        },
        "state": {"id": "urn:comewatch:clock-offset-ms:40000", "type": "TimeState", "sourceDate": AT},
    },
}


def test_the_whole_document() -> None:
    said = ("code", "Three asked.", "LQ", "fill-plus@1", 12_500, 17_000, AT, 40_000, "olga", MADE, CHANGED)
    assert to_annotations([Note("note-one", *said)], source=SOURCE, names={"olga": "Olga"}) == {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "id": f"{SOURCE}/annotations",
        "type": "AnnotationCollection",
        "total": 1,
        "first": {
            "id": f"{SOURCE}/annotations/1",
            "type": "AnnotationPage",
            "startIndex": 0,
            "items": [WHOLE],
        },
    }


@pytest.mark.parametrize(
    ("kind", "motivation", "purpose"),
    [
        ("noticing", "commenting", "commenting"),
        ("wondering", "questioning", "questioning"),
        ("quote", "highlighting", "describing"),
        ("tally", "tagging", "commenting"),
        ("code", "classifying", "commenting"),
        ("next_step", "editing", "editing"),
    ],
)
def test_each_kind_has_a_motivation(kind: str, motivation: str, purpose: str) -> None:
    (made,) = to_annotations([Note("n1", kind, "hm")], source=SOURCE)["first"]["items"]
    assert (made["motivation"], made["body"][0]["purpose"]) == (motivation, purpose)


def annotation(**said: Any) -> dict[str, Any]:
    return {"type": "Annotation", "target": SOURCE} | said


CONTENT: list[tuple[dict[str, Any], tuple[str, str | None, str | None]]] = [
    ({}, ("noticing", None, None)),
    ({"bodyValue": "hm"}, ("noticing", "hm", None)),
    ({"body": "https://example.org/post"}, ("noticing", "https://example.org/post", None)),
    ({"body": ["one", {"value": "two"}]}, ("noticing", "one\n\ntwo", None)),
    ({"body": {"value": "<b>hm</b>", "format": "text/html"}}, ("noticing", "<b>hm</b>", None)),
    ({"body": {"id": "https://example.org/a.mp3", "type": "Sound"}}, ("noticing", "https://example.org/a.mp3", None)),
    ({"body": {"type": "Choice", "items": [{"value": "yes"}, {"value": "ja"}]}}, ("noticing", "yes", None)),
    ({"body": {"type": "List", "items": [{"value": "yes"}, tag("LQ")]}}, ("noticing", "yes", "LQ")),
    ({"body": {"type": "SpecificResource", "purpose": "tagging", "source": "https://example.org/q"}}, ("noticing", None, "https://example.org/q")),
    ({"body": {"type": "SpecificResource", "purpose": ["tagging"], "source": {"value": "LQ"}}}, ("noticing", None, "LQ")),
    ({"motivation": "tagging", "body": {"value": "LQ"}}, ("tally", None, "LQ")),
    ({"motivation": ["oa:bookmarking", "oa:questioning"], "bodyValue": "hm"}, ("wondering", "hm", None)),
    ({"motivation": "http://www.w3.org/ns/oa#highlighting"}, ("quote", None, None)),
    ({"motivation": "assessing", "bodyValue": "hm"}, ("noticing", "hm", None)),
]  # fmt: skip


@pytest.mark.parametrize(("said", "content"), CONTENT)
def test_what_others_say(said: dict[str, Any], content: tuple[str, str | None, str | None]) -> None:
    read = read_annotations(annotation(**said))
    assert [(note.note_kind, note.text, note.code) for note in read.notes] == [content]
    assert (read.places, read.repairs) == (("",), ())


def fragment(value: str, **said: Any) -> dict[str, Any]:
    return {"type": "FragmentSelector", "value": value} | said


def selected(selector: Any, **said: Any) -> dict[str, Any]:
    return {"source": SOURCE, "selector": selector} | said


TARGETS: list[tuple[Any, list[tuple[int | None, int | None]]]] = [
    (SOURCE, [(None, None)]),
    (f"{SOURCE}#t=5,7.25", [(5_000, 7_250)]),
    (f"{SOURCE}#t=,10", [(0, 10_000)]),
    ({"id": f"{SOURCE}#t=1:00:05", "type": "Video"}, [(3_605_000, None)]),
    ({"source": f"{SOURCE}#t=5"}, [(5_000, None)]),
    ({"source": {"id": f"{SOURCE}#t=5"}}, [(5_000, None)]),
    (selected(fragment("t=npt:0:00:05,")), [(5_000, None)]),
    (selected(fragment("t=,10", conformsTo="https://www.w3.org/TR/media-frags")), [(0, 10_000)]),
    (selected([{"type": "SvgSelector", "value": "<svg/>"}, fragment("t=5")]), [(5_000, None)]),
    (selected(fragment("xywh=0,0,9,9", refinedBy=fragment("t=5"))), [(5_000, None)]),
    (selected(f"{SOURCE}#t=5"), [(5_000, None)]),
    ([f"{SOURCE}#t=5", selected(fragment("t=9"))], [(5_000, None), (9_000, None)]),
    ({"type": "Choice", "items": [f"{SOURCE}#t=5"]}, [(5_000, None)]),
]


@pytest.mark.parametrize(("target", "times"), TARGETS)
def test_what_others_are_about(target: Any, times: list[tuple[int | None, int | None]]) -> None:
    read = read_annotations(annotation(target=target))
    assert [(note.at_ms, note.until_ms) for note in read.notes] == times
    assert read.repairs == ()


def test_what_a_note_cannot_hold_is_told() -> None:
    quoted = selected({"type": "TextQuoteSelector", "exact": "five"})
    read = read_annotations(annotation(body=[tag("LQ"), tag("late"), "hm"], target=quoted))
    assert [(note.text, note.code, note.at_ms) for note in read.notes] == [("hm\n\nlate", "LQ", None)]
    assert read.repairs == (
        Repair("/body", "a note has one code: the tag 'late' became text"),
        Repair("/target", "what it selects has no time: the note is about the whole lesson"),
    )


@pytest.mark.parametrize(
    ("creator", "name"),
    [
        ("https://example.org/ada", "https://example.org/ada"),
        ([{"type": "Person", "name": "Ada"}, "x"], "Ada"),
        ({"id": "urn:comewatch:person:ada%20l", "name": "Ada"}, "ada l"),
        (5, None),
    ],
)
def test_who_made_it(creator: Any, name: str | None) -> None:
    assert read_annotations(annotation(creator=creator)).notes[0].created_by == name


def test_pages_that_hold_the_next_one() -> None:
    one, two = (annotation(bodyValue=text) for text in "12")
    last = {"type": ["AnnotationPage"], "items": [two], "next": "https://example.org/page3"}
    first = {"type": "AnnotationPage", "items": [one], "next": last}
    read = read_annotations({"type": ["BasicContainer", "AnnotationCollection"], "first": first})
    assert [note.text for note in read.notes] == ["1", "2"]
    assert read.places == ("/first/items/0", "/first/next/items/0")
    assert read_annotations(last).places == ("/items/0",)
    assert read_annotations({"type": "AnnotationCollection", "total": 0}).notes == ()


PAGE: dict[str, Any] = {"type": "AnnotationPage"}
FAULTS: list[tuple[Any, str, str]] = [
    (None, "", "not an object but nothing"),
    ([], "", "not an object but []"),
    ({}, "/type", "not an annotation but nothing"),
    ({"type": "Note"}, "/type", "not an annotation but 'Note'"),
    ({"type": "AnnotationCollection", "first": "https://example.org/1"}, "/first", "not an object but 'https://example.org/1'"),
    ({"type": "AnnotationCollection"}, "/first", "not an object but nothing"),
    (PAGE, "/items", "a page without items"),
    (PAGE | {"items": ["https://example.org/1"]}, "/items/0", "not an object but 'https://example.org/1'"),
    (PAGE | {"items": [annotation(), {"target": SOURCE}]}, "/items/1/type", "not an annotation but nothing"),
    ({"type": "Annotation"}, "/target", "no target"),
    (annotation(target=[]), "/target", "no target"),
    (annotation(target=[SOURCE, 5]), "/target/1", "a target without an address"),
    (annotation(target={"selector": fragment("t=5")}), "/target", "a target without an address"),
    (annotation(target=selected(fragment("t=9,5"))), "/target/selector/value", "t=9,5 ends before it begins"),
    (annotation(target=selected([fragment("t=x")])), "/target/selector/0/value", "t=x is not a time of the recording"),
    (annotation(target=selected({"type": "FragmentSelector"})), "/target/selector/value", "a fragment that is no text"),
    (annotation(target=f"{SOURCE}#t=x"), "/target", "t=x is not a time of the recording"),
    (annotation(target={"source": SOURCE, "state": {"sourceDate": 5}}), "/target/state", "a sourceDate that is no text"),
    (annotation(body={"type": "TextualBody"}), "/body/value", "a body without text"),
    (annotation(body=["hm", 5]), "/body/1", "a body without text"),
    (annotation(bodyValue=5), "/bodyValue", "a body without text"),
    (annotation(id=5), "/id", "id is 5"),
    (annotation(created=5), "/created", "created is 5"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "where", "what"), FAULTS)
def test_what_cannot_be_read_is_told_by_pointer(document: Any, where: str, what: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        read_annotations(document)
    assert (caught.value.where, caught.value.what) == (where, what)
    assert caught.value.remedy
