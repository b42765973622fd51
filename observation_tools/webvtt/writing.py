"""Writing a track: the blocks of a file, and captions out of notes."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from observation_tools.errors import CueError

POINT_MS = 5_000
SHORTEST_MS = 1_000
_HOUR_MS = 3_600_000
_BLOCK_WORDS = re.compile(r"NOTE|STYLE|REGION")


@dataclass(frozen=True, slots=True)
class Cue:
    """One note on the video, `from_ms` to `to_ms` from its start; without `to_ms` it is about a single point.

    Raises `CueError` when it starts before the video or ends before it starts.
    """

    id: str
    from_ms: int
    text: str
    author: str = ""
    to_ms: int | None = None

    def __post_init__(self) -> None:
        if self.from_ms < 0 or (self.to_ms is not None and self.to_ms < self.from_ms):
            raise CueError(
                f"it runs from {self.from_ms} to {self.to_ms} ms",
                where=f"note {self.id}",
                remedy="start at 0 or later and end after the start",
            )


def to_webvtt(cues: Iterable[Cue], *, header: Iterable[str] = (), point_ms: int = POINT_MS) -> str:
    """The whole WebVTT file as text, cues in order of time; each line of `header` becomes a NOTE comment.

    A note about a point shows until the next one begins, `point_ms` at most, and never under a second, so
    that it can be read. A note without words makes no cue. Markup and line ends in what people typed are made
    harmless. Raises `CueError` for a cue at 100 hours or later, which is a time of day and not of a video.

    >>> print(to_webvtt([Cue("n1", 61_000, "Why does x < 2 --> y?", "Ada")]), end="")
    WEBVTT
    <BLANKLINE>
    n1
    00:01:01.000 --> 00:01:06.000
    <v Ada>Why does x &lt; 2 --&gt; y?
    """
    ordered = sorted((cue for cue in cues if _lines(cue.text)), key=lambda cue: cue.from_ms)
    ends = ends_of(ordered, point_ms)
    return track_file(
        (
            block(timestamp(cue.from_ms), timestamp(to_ms), _caption(cue), cue.id)
            for cue, to_ms in zip(ordered, ends, strict=True)
        ),
        header,
    )


def track_file(blocks: Iterable[str], header: Iterable[str] = (), title: str = "") -> str:
    """The file of these blocks; the `title` stands in its first line.

    >>> track_file([], ["shared by the host"], "chapters")
    'WEBVTT chapters\\n\\nNOTE shared by the host\\n'
    """
    notes = (f"NOTE {one_line(text)}" for text in header)
    return "\n\n".join([f"WEBVTT {title}".rstrip(), *notes, *blocks]) + "\n"


def block(start: str, end: str, payload: str, name: str = "") -> str:
    """One cue from `start` to `end`, called `name`; the payload is written as it is.

    >>> block("00:00:00.000", "00:00:05.000", "hm", "NOTE").splitlines()
    ['cue NOTE', '00:00:00.000 --> 00:00:05.000', 'hm']
    """
    return "\n".join([*_identifier(name), f"{start} --> {end}", payload])


def timestamp(at_ms: int) -> str:
    """A time of a video as HH:MM:SS.mmm. Raises `CueError` below 0 and from 100 hours on.

    >>> timestamp(3_723_004)
    '01:02:03.004'
    """
    if not 0 <= at_ms < 100 * _HOUR_MS:
        raise CueError(f"{at_ms} ms is not a time of a video", remedy="count from the start of the video")
    return any_time(at_ms)


def any_time(at_ms: int) -> str:
    """A time of a track however late, with as many digits for the hours as it takes.

    >>> any_time(2**31 - 1)
    '596:31:23.647'
    """
    seconds, milliseconds = divmod(at_ms, 1_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"


def ends_of(ordered: Sequence[Cue], point_ms: int = POINT_MS) -> list[int]:
    """Where each of these cues, in order of time, ends: what is about a point shows until the next begins.

    >>> ends_of([Cue("a", 0, "hm"), Cue("b", 3_000, "hm", to_ms=9_000)])
    [3000, 9000]
    """
    starts = [cue.from_ms for cue in ordered]
    return [_end(cue, starts, point_ms) for cue in ordered]


def escaped(text: str) -> str:
    """The text as the words of a cue, without markup.

    >>> escaped("x < 2 --> y")
    'x &lt; 2 --&gt; y'
    """
    return escape(text, quote=False)


def one_line(text: str) -> str:
    """The text in one line that cannot be taken for times.

    >>> one_line("a --> b")
    'a → b'
    """
    return " ".join(text.replace("\0", "").split()).replace("-->", "\N{RIGHTWARDS ARROW}")


def _end(cue: Cue, starts: Sequence[int], point_ms: int) -> int:
    if cue.to_ms is not None and cue.to_ms > cue.from_ms:
        return cue.to_ms
    later = bisect_right(starts, cue.from_ms)
    until_next = starts[later] - cue.from_ms if later < len(starts) else point_ms
    return cue.from_ms + max(SHORTEST_MS, min(point_ms, until_next))


def _caption(cue: Cue) -> str:
    author = one_line(cue.author)
    voice = f"<v {escaped(author)}>" if author else ""
    return voice + escaped("\n".join(_lines(cue.text)))


def _identifier(name: str) -> list[str]:
    """At most one line, which no reader takes for a comment, a style or a region."""
    line = one_line(name)
    return [f"cue {line}" if _BLOCK_WORDS.match(line) else line] if line else []


def _lines(text: str) -> list[str]:
    """The lines that say something: an empty one would end the cue."""
    return [line for part in text.replace("\0", "").splitlines() if (line := part.strip())]
