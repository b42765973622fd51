"""What people typed comes out of a video player's reader as they typed it, whatever it holds."""

from html import unescape

import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from observation_tools.errors import CueError
from observation_tools.webvtt import Cue, timestamp, to_webvtt

HOUR_MS = 3_600_000
typed = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    [
        "-->",
        "a\n\nb",
        "00:00:01.000 --> 00:00:02.000",
        "NOTE this",
        "<v Eve>hm",
        "&amp;",
        "STYLE",
        "\r\n\r",
        "\0",
    ]
)
cues = st.builds(
    Cue, id=typed, from_ms=st.integers(0, 2 * HOUR_MS), text=typed, author=typed, to_ms=st.none()
)


def read(text: str) -> list[webvtt.Caption]:
    """As a strict reader sees it, which raises on a malformed line."""
    return list(webvtt.from_string(text, strict=True).captions)


def test_the_whole_file() -> None:
    notes = [
        Cue("n2", 125_250, "“Why?” — seven hands", "Ben & Co", to_ms=130_000),
        Cue("n1", 61_000, "Waits.\n\nCounts to <five>", "Ada"),
    ]
    assert to_webvtt(notes, header=["Room 4, period 2", "shared by the host"]) == (
        "WEBVTT\n"
        "\n"
        "NOTE Room 4, period 2\n"
        "\n"
        "NOTE shared by the host\n"
        "\n"
        "n1\n"
        "00:01:01.000 --> 00:01:06.000\n"
        "<v Ada>Waits.\n"
        "Counts to &lt;five&gt;\n"
        "\n"
        "n2\n"
        "00:02:05.250 --> 00:02:10.000\n"
        "<v Ben &amp; Co>“Why?” — seven hands\n"
    )


def test_a_reader_finds_every_note_with_its_author_and_time() -> None:
    text = to_webvtt([Cue("a", 1_500, "first", "Ada"), Cue("b", 3_723_004, "x --> y", "Ben")], header=["h"])
    first, second = read(text)
    assert (first.identifier, first.start, first.end) == ("a", "00:00:01.500", "00:00:06.500")
    assert (first.voice, first.text) == ("Ada", "first")
    assert (second.identifier, second.start, second.voice) == ("b", "01:02:03.004", "Ben")
    assert unescape(second.raw_text) == "<v Ben>x --> y"


def test_no_notes_are_still_a_file() -> None:
    assert to_webvtt([]) == "WEBVTT\n"
    assert to_webvtt([Cue("n", 0, " \n\0"), Cue("m", 0, "")]) == "WEBVTT\n"
    assert read(to_webvtt([])) == []


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        ([0], [5_000]),
        ([0, 3_000], [3_000, 8_000]),
        ([0, 9_000], [5_000, 14_000]),
        ([0, 200, 10_000], [1_000, 5_200, 15_000]),
        ([7_000, 7_000, 9_000], [9_000, 9_000, 14_000]),
    ],
)
def test_a_point_shows_until_the_next_but_long_enough_to_read(starts: list[int], ends: list[int]) -> None:
    captions = read(to_webvtt([Cue(f"n{place}", start, "hm") for place, start in enumerate(starts)]))
    assert [(one.start, one.end) for one in captions] == [
        (timestamp(start), timestamp(end)) for start, end in zip(starts, ends, strict=True)
    ]


def test_a_note_over_a_stretch_keeps_its_end() -> None:
    notes = [Cue("a", 0, "hm", to_ms=60_000), Cue("b", 10_000, "hm", to_ms=10_000), Cue("c", 12_000, "hm")]
    assert [one.end for one in read(to_webvtt(notes, point_ms=4_000))] == [
        "00:01:00.000",
        "00:00:12.000",
        "00:00:16.000",
    ]


@pytest.mark.parametrize("name", ["NOTE", "NOTES", "STYLE", "REGION", "NOTE on STYLE"])
def test_an_id_is_never_taken_for_a_block_of_another_kind(name: str) -> None:
    (caption,) = read(to_webvtt([Cue(name, 0, "hm")]))
    assert caption.identifier == f"cue {name}"
    assert caption.text == "hm"


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "00:00:00.000"),
        (999, "00:00:00.999"),
        (59_999, "00:00:59.999"),
        (60_000, "00:01:00.000"),
        (HOUR_MS - 1, "00:59:59.999"),
        (HOUR_MS, "01:00:00.000"),
        (100 * HOUR_MS - 1, "99:59:59.999"),
    ],
)
def test_a_timestamp_is_exact_to_the_millisecond(at_ms: int, text: str) -> None:
    assert timestamp(at_ms) == text


@pytest.mark.parametrize("at_ms", [-1, 100 * HOUR_MS])
def test_a_time_that_no_video_has_is_refused(at_ms: int) -> None:
    with pytest.raises(CueError, match=f"^{at_ms} ms is not a time of a video; count from the start"):
        timestamp(at_ms)


@pytest.mark.parametrize(("from_ms", "to_ms"), [(-1, None), (5, 4)])
def test_a_note_that_runs_backwards_is_refused(from_ms: int, to_ms: int | None) -> None:
    with pytest.raises(CueError, match=f"^note n7: it runs from {from_ms} to {to_ms} ms; start at 0"):
        Cue("n7", from_ms, "hm", to_ms=to_ms)


@given(st.lists(cues, max_size=8), st.lists(typed, max_size=3))
def test_nothing_typed_breaks_the_file_or_is_lost(notes: list[Cue], header: list[str]) -> None:
    captions = read(to_webvtt(notes, header=header))
    with_words = [note for note in notes if note.text.replace("\0", "").split()]
    ordered = sorted(with_words, key=lambda note: note.from_ms)
    assert [one.start for one in captions] == [timestamp(note.from_ms) for note in ordered]
    assert all(one.start < one.end for one in captions)
    for note, caption in zip(ordered, captions, strict=True):
        body = caption.raw_text
        if note.author.replace("\0", "").split():
            assert body.startswith("<v "), body
            body = body.partition(">")[2]
        assert unescape(body).split() == note.text.replace("\0", "").split()
        assert "<" not in body
