"""Comments leave as Web Annotations and come back as they were; others' annotations become comments, and say how."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observation_tools.comments import Comment
from observation_tools.errors import AnnotationError, CommentError
from observation_tools.web_annotation import comments_to_annotations, read_comments
from tests.observation_tools.notes import maybe, typed, whole

SOURCE = "https://example.org/v1/media/film-one"


@st.composite
def comments(draw: st.DrawFn) -> list[Comment]:
    """Comments that answer earlier ones, or ones that are elsewhere."""
    made: list[Comment] = []
    for name in draw(st.lists(typed, unique=True, max_size=5)):
        at_ms, length = draw(whole), draw(st.none() | st.integers(0, 10_000))
        comment = Comment(
            name,
            draw(maybe),
            at_ms,
            None if length is None else (at_ms or 0) + length,
            draw(st.none() | st.just("elsewhere/1") | st.sampled_from([one.id for one in made] or [None])),
            draw(st.none() | st.booleans()),
            *(draw(maybe) for _ in ("created_by", "created_at", "updated_at")),
        )
        made.append(comment)
    return made


@given(comments())
def test_they_come_back_without_loss(said: list[Comment]) -> None:
    read = read_comments(comments_to_annotations(said, source=SOURCE))
    by_id = sorted(said, key=lambda one: one.id)
    assert sorted(read.comments, key=lambda one: one.id) == by_id
    assert read.repairs == ()


def annotation(name: str, target: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "Annotation", "target": target} | more


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "AnnotationPage", "items": list(items)}


def test_a_reply_is_about_the_recording_and_what_it_answers() -> None:
    document = comments_to_annotations(
        [Comment("c2", "Ada.", 500, reply_to="c1", resolved=True, created_by="olga")],
        source=SOURCE,
        names={"olga": "Olga"},
    )
    assert document["first"]["items"] == [
        {
            "id": "urn:comewatch:comment:c2",
            "type": "Annotation",
            "motivation": "replying",
            "creator": {"id": "urn:comewatch:person:olga", "type": "Person", "name": "Olga"},
            "body": [
                {"type": "TextualBody", "value": "Ada.", "format": "text/plain", "purpose": "replying"},
                {
                    "id": "urn:comewatch:standing:resolved",
                    "type": "TextualBody",
                    "value": "resolved",
                    "format": "text/plain",
                    "purpose": "tagging",
                },
            ],
            "target": [
                {
                    "type": "SpecificResource",
                    "source": SOURCE,
                    "selector": {
                        "type": "FragmentSelector",
                        "conformsTo": "http://www.w3.org/TR/media-frags/",
                        "value": "t=0.5",
                    },
                },
                "urn:comewatch:comment:c1",
            ],
        }
    ]


def test_others_replies_stand_after_what_they_answer() -> None:
    answer = annotation("https://a.example/2", "https://a.example/1", bodyValue="Yes.")
    first = annotation("https://a.example/1", f"{SOURCE}#t=5,7.5", bodyValue="Who?")
    read = read_comments(page(answer, first))
    assert [(one.text, one.at_ms, one.until_ms, one.reply_to) for one in read.comments] == [
        ("Who?", 5_000, 7_500, None),
        ("Yes.", None, None, "https://a.example/1"),
    ]
    assert read.places == ("/items/1", "/items/0")


def test_a_circle_of_answers_is_opened_and_told() -> None:
    read = read_comments(page(annotation("a:1", "a:2"), annotation("a:2", "a:1")))
    assert [(one.id, one.reply_to) for one in read.comments] == [("a:1", None), ("a:2", "a:1")]
    assert [repair.where for repair in read.repairs] == ["/items/0/target"]


def test_what_is_no_text_of_a_comment_is_told() -> None:
    tag = {"type": "TextualBody", "value": "LQ", "purpose": "tagging"}
    place = {"source": SOURCE, "selector": {"type": "CssSelector", "value": "p"}}
    read = read_comments(annotation("a:1", place, body=["hm", tag]))
    assert read.comments[0].text == "hm\n\nLQ"
    assert [repair.where for repair in read.repairs] == ["/target", "/body"]


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"type": "Annotation"}, "/target"),
        (annotation("a:1", f"{SOURCE}#t=9,5"), "/target"),
        (annotation("a:1", SOURCE, created=5), "/created"),
        ({"type": "Note"}, "/type"),
    ],
)
def test_what_cannot_be_read_is_named(document: Any, where: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        read_comments(document)
    assert caught.value.where == where


def test_times_that_run_backwards_are_refused() -> None:
    with pytest.raises(CommentError, match="it runs from 9 to 5 ms; start at 0 or later"):
        Comment("c1", at_ms=9, until_ms=5)
