"""Any track is read as the W3C text has it, and what is wrong with it is told with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observation_tools.errors import TrackError
from observation_tools.webvtt import Cue, TrackCue, read_webvtt, spoken, to_webvtt


def found(text: str) -> list[tuple[str, int, int, str]]:
    return [(cue.id, cue.from_ms, cue.to_ms, cue.text) for cue in read_webvtt(text).cues]


WHOLE = """WEBVTT - a lesson about fractions
Region: id=old width=40%

NOTE
two lines
of it

STYLE
::cue { color: red }

REGION
id:fred


intro
00:01.000 --> 00:02.500 align:start line:0
Good morning.

1:00:00.000 --> 100:00:00.001
Late
NOTE is not a comment here
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_whole_file_whatever_ends_its_lines(ends: str, mark: str) -> None:
    track = read_webvtt(mark + WHOLE.replace("\n", ends))
    assert (track.title, track.repairs) == ("- a lesson about fractions", ())
    assert track.cues == (
        TrackCue(16, "intro", 1_000, 2_500, "Good morning."),
        TrackCue(19, "", 3_600_000, 360_000_001, "Late\nNOTE is not a comment here"),
    )


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("WEBVTT", []),
        ("WEBVTT\t x", []),
        ("WEBVTT\n\n\n\n00:00.000-->00:01.000\nhm", [("", 0, 1_000, "hm")]),
        ("WEBVTT\n00:00.000 --> 00:01.000\nat once", [("", 0, 1_000, "at once")]),
        ("WEBVTT\n\n00:00.000 --> 00:01.000", [("", 0, 1_000, "")]),
        ("WEBVTT\n\n00:00.000 --> 00:00.000\na point", [("", 0, 0, "a point")]),
        ("WEBVTT\n\nNOTE id\n00:00.000 --> 00:01.000\nhm", [("NOTE id", 0, 1_000, "hm")]),
        ("WEBVTT\n\nNOTE 1 --> 2\nnot said\n\n00:00.000 --> 00:01.000\nhm", [("", 0, 1_000, "hm")]),
        (
            "WEBVTT\n\n00:00.000 --> 00:01.000\na\n00:02.000 --> 00:03.000\nb",
            [("", 0, 1_000, "a"), ("", 2_000, 3_000, "b")],
        ),
        (
            "WEBVTT\n\n00:09.000 --> 00:10.000\nlater\n\n00:01.000 --> 00:02.000\nearlier",
            [("", 1_000, 2_000, "earlier"), ("", 9_000, 10_000, "later")],
        ),
        ("WEBVTT\n\n00:00.000 --> 00:01.000\na\0b", [("", 0, 1_000, "a\ufffdb")]),
    ],
)
def test_what_the_standard_allows(text: str, cues: list[tuple[str, int, int, str]]) -> None:
    assert found(text) == cues
    assert read_webvtt(text).repairs == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1, column 1: the file begins with ''; make WEBVTT its first line"),
        ("WEBVTTS\n", "line 1, column 1: the file begins with 'WEBVTTS'; make WEBVTT its first line"),
        (
            "1\n00:00:01,000 --> 00:00:02,000\nSRT",
            "line 1, column 1: the file begins with '1'; make WEBVTT its first line",
        ),
        (
            "WEBVTT\n\n00:00:01,000 --> 00:00:02.000",
            "line 3, column 1: '00:00:01,000' is not a time; write it as HH:MM:SS.mmm, such as 00:01:02.500",
        ),
        (
            "WEBVTT\n\nn\n 00:01.000 -->  00:02",
            "line 4, column 17: '00:02' is not a time; write it as HH:MM:SS.mmm, such as 00:01:02.500",
        ),
        (
            "WEBVTT\n\n00:01.000 -->",
            "line 3, column 14: '' is not a time; write it as HH:MM:SS.mmm, such as 00:01:02.500",
        ),
        (
            "WEBVTT\n\n00:61.000 --> 01:02.000",
            "line 3, column 1: '00:61.000' is not a time; write it as HH:MM:SS.mmm, such as 00:01:02.500",
        ),
        (
            "WEBVTT\n\n٠٠:٠١.٠٠٠ --> 00:02.000",
            "line 3, column 1: '٠٠:٠١.٠٠٠' is not a time; write it as HH:MM:SS.mmm, such as 00:01:02.500",
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(TrackError) as caught:
        read_webvtt(text)
    assert str(caught.value) == told


def test_what_is_passed_over_is_told() -> None:
    track = read_webvtt(
        "WEBVTT\n\n00:05.000 --> 00:04.999\nback\n\nthe rest of it\n\n00:06.000 --> 00:07.000\non"
    )
    assert [cue.text for cue in track.cues] == ["on"]
    assert [(repair.where, repair.what) for repair in track.repairs] == [
        ("line 3", "the cue ends before it begins and was passed over"),
        ("line 6", "'the rest of it' has no times and was passed over"),
    ]


@pytest.mark.parametrize(
    ("text", "author", "words"),
    [
        ("plain", "", "plain"),
        ("<v Ada>hm</v>", "Ada", "hm"),
        ("<v.loud.x  Ada &amp;\nBen >hm", "Ada & Ben", "hm"),
        ("<v Ada>Why?</v>\n<v Ben>So.</v>", "Ada", "Why?\nSo."),
        (
            "<c.yellow>a <i>b</i></c> <00:19.000>c <lang en>d</lang> <ruby>e<rt>f</rt></ruby>",
            "",
            "a b c d ef",
        ),
        ("2 < 3 <> 4 <5> and <", "", "2 < 3 <> 4 <5> and <"),
        ("&lt;b&gt; &amp;amp; &nbsp;&#x1F600;", "", "<b> &amp; \xa0😀"),
        ("<verse>no voice", "", "no voice"),
    ],
)
def test_markup_is_taken_out_and_words_stay(text: str, author: str, words: str) -> None:
    assert spoken(text) == (author, words)


typed = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ["-->", "a\r\rb", "<v Eve>", "&lt;", "NOTE"]
)


@given(
    st.lists(
        st.builds(Cue, id=typed, from_ms=st.integers(0, 9 * 3_600_000), text=typed, author=typed), max_size=6
    )
)
def test_what_we_write_we_read(cues: list[Cue]) -> None:
    track = read_webvtt(to_webvtt(cues))
    with_words = [cue for cue in cues if cue.text.replace("\0", "").split()]
    assert track.repairs == ()
    assert [cue.from_ms for cue in track.cues] == sorted(cue.from_ms for cue in with_words)
    for written, read in zip(sorted(with_words, key=lambda cue: cue.from_ms), track.cues, strict=True):
        author, words = spoken(read.text)
        assert words.split() == written.text.replace("\0", "").split()
        assert author.split() == written.author.replace("\0", "").replace("-->", "→").split()


@given(st.text(st.sampled_from("\n\r\0 -->:.0123NOTE<v&;{}\ufeffé"), max_size=80))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    for body in (text, f"WEBVTT\n\n{text}"):
        try:
            read_webvtt(body)
        except TrackError as error:
            assert error.where.startswith("line ")  # any text may be refused, but never without its place
            assert error.remedy
