"""A metadata track gives back exactly the notes that were written, whatever they hold; chapters never overlap."""

import json
from dataclasses import asdict
from itertools import pairwise

import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from observation_tools.errors import CueError, NoteError, TrackError
from observation_tools.notes import Note, Repair
from observation_tools.timeline import Segment
from observation_tools.webvtt import chapters, read_notes, to_chapters, to_metadata
from tests.observation_tools.notes import notes, typed


@given(st.lists(notes(), max_size=6), st.lists(typed, max_size=2))
def test_a_metadata_track_gives_back_the_same_notes(written: list[Note], header: list[str]) -> None:
    track = to_metadata(written, header=header)
    read = read_notes(track)
    assert read.notes == tuple(sorted(written, key=lambda note: note.at_ms or 0))
    assert read.repairs == ()
    assert len(read.places) == len(written)


@given(st.lists(notes(), min_size=1, max_size=4))
def test_another_reader_finds_the_same_objects(written: list[Note]) -> None:
    early = [note for note in written if max(note.at_ms or 0, note.until_ms or 0) < 99 * 3_600_000]
    captions = webvtt.from_string(to_metadata(early), strict=True).captions
    assert [json.loads(caption.raw_text) for caption in captions] == [
        asdict(note) for note in sorted(early, key=lambda note: note.at_ms or 0)
    ]


def test_any_other_track_is_read_as_what_was_noticed() -> None:
    read = read_notes(
        "WEBVTT\n\nc1\n00:01.000 --> 00:02.000\n<v Ada>Why <b>five</b>?\n\n00:03.000 --> 00:04.000\n<i> </i>\n\n00:05.000 --> 00:06.000\n<i></i>"
    )
    assert read.notes == (
        Note("c1", "noticing", "Why five?", at_ms=1_000, until_ms=2_000),
        Note("", "noticing", " ", at_ms=3_000, until_ms=4_000),
    )
    assert read.places == ("line 4", "line 7")
    assert read.repairs == (Repair("line 10", "the cue has no words and was passed over"),)


def test_braces_alone_make_no_metadata() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n{♪ music}\n\n00:03.000 --> 00:04.000\n{}"
    assert [note.text for note in read_notes(text).notes] == ["{♪ music}", "{}"]


def test_the_times_of_the_cue_count_where_the_object_has_none() -> None:
    text = 'WEBVTT\n\nc1\n00:01.000 --> 00:02.000\n{"note_kind":\n"tally"}\n\n00:03.000 --> 00:04.000\n{"note_kind":"quote","at_ms":null}'
    assert read_notes(text).notes == (Note("c1", "tally", at_ms=1_000, until_ms=2_000), Note("", "quote"))


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ("{", "line 4, column 2: not readable as JSON"),
        ('{"note_kind":\n"quote",}', "line 5, column 9: not readable as JSON"),
        ("[]", "line 4, column 1: the cue holds no JSON object; write one JSON object"),
        ("[" * 100_000, "line 4, column 1: not readable as JSON (nested too deeply)"),
        ('{"at_ms":' + "9" * 5_000 + "}", "line 4, column 1: not readable as JSON"),
        (
            '{"note_kind":"quote","note_kind":"code"}',
            "line 4, column 1: not readable as JSON (a member stands there twice)",
        ),
        ("{}", "line 4, column 1: the object has no note_kind; say what kind"),
        ('{"note_kind":"quotes"}', "line 4, column 1: no kind 'quotes'; did you mean quote?"),
        ('{"note_kind":"quote","zebra":5}', "line 4, column 1: a note has no field 'zebra'; use one of id"),
        ('{"note_kind":"quote","text":5}', "line 4, column 1: text is 5; write text"),
        ('{"note_kind":null}', "line 4, column 1: note_kind is null; write text"),
        ('{"note_kind":"quote","at_ms":true}', "line 4, column 1: at_ms is true; write a whole number"),
        ('{"note_kind":"quote","at_ms":NaN}', "line 4, column 1: at_ms is NaN; write a whole number"),
        (
            '{"note_kind":"quote","at_ms":5,"until_ms":4}',
            "line 4, column 1: it runs from 5 to 4 ms; start at 0",
        ),
    ],
)
def test_an_object_that_is_no_note_is_told_with_its_place(payload: str, told: str) -> None:
    with pytest.raises(TrackError) as caught:
        read_notes(f"WEBVTT metadata\n\n00:01.000 --> 00:02.000\n{payload}")
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"note_kind": "zebra"}, "note n1: no kind 'zebra'; use one of noticing"),
        ({"at_ms": -1}, "note n1: it runs from -1 to None ms; start at 0"),
        ({"until_ms": -1}, "note n1: it runs from None to -1 ms; start at 0"),
    ],
)
def test_what_is_no_note_is_refused(fields: dict[str, object], told: str) -> None:
    with pytest.raises(NoteError) as caught:
        Note(**({"id": "n1", "note_kind": "quote"} | fields))
    assert str(caught.value).startswith(told)


def test_chapters_are_the_pieces_in_order() -> None:
    pieces = [
        Segment("L<Q>", 68_000, 70_000),
        Segment("LT", 0, 68_000),
        Segment("X", 5, 5),
        Segment(" ", 5, 9),
    ]
    assert to_chapters(pieces, header=["coded by Ada"]) == (
        "WEBVTT chapters\n\nNOTE coded by Ada\n\n"
        "00:00:00.000 --> 00:01:08.000\nLT\n\n"
        "00:01:08.000 --> 00:01:10.000\nL&lt;Q&gt;\n"
    )
    with pytest.raises(CueError, match="is not a time of a video"):
        to_chapters([Segment("LT", 0, 100 * 3_600_000)])


lessons = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 5)), max_size=6).map(
    lambda steps: [
        Segment(code, sum(n for _, n in steps[:place]), sum(n for _, n in steps[: place + 1]))
        for place, (code, _) in enumerate(steps)
    ]
)


@given(st.lists(lessons, max_size=3))
def test_chapters_of_several_lie_side_by_side(codings: list[list[Segment]]) -> None:
    pieces = chapters([(f"P{place}", lesson) for place, lesson in enumerate(codings)])
    assert all(before.to_ms <= after.from_ms for before, after in pairwise(pieces))
    for moment in range(31):
        now = [piece.code for piece in pieces if piece.from_ms <= moment < piece.to_ms]
        coded = [
            piece.code if len(codings) == 1 else f"P{place}: {piece.code}"
            for place, lesson in enumerate(codings)
            for piece in lesson
            if piece.from_ms <= moment < piece.to_ms
        ]
        assert now == ([" · ".join(coded)] if coded else [])


def test_the_whole_metadata_file_is_ascii_whatever_is_said() -> None:
    written = [Note("n2", "quote", "“x --> y”", at_ms=2_000, until_ms=2_500), Note("n1", "tally", code="<q>")]
    rest = '"at":null,"clock_offset_ms":null,"created_by":null,"created_at":null,"updated_at":null}'
    assert to_metadata(written, header=["Room 4"]) == (
        "WEBVTT metadata\n\nNOTE Room 4\n\n"
        "n1\n00:00:00.000 --> 00:00:02.000\n"
        '{"id":"n1","note_kind":"tally","text":null,"code":"\\u003cq\\u003e","instrument":null,'
        f'"at_ms":null,"until_ms":null,{rest}\n\n'
        "n2\n00:00:02.000 --> 00:00:02.500\n"
        '{"id":"n2","note_kind":"quote","text":"\\u201cx --\\u003e y\\u201d","code":null,"instrument":null,'
        f'"at_ms":2000,"until_ms":2500,{rest}\n'
    )
