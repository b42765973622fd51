"""Notes as WebVTT, the text track that any video player can lay on a recording (W3C WebVTT, 2019)."""

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
    starts = [cue.from_ms for cue in ordered]
    notes = (f"NOTE {_line(text)}" for text in header)
    blocks = (_block(cue, _end(cue, starts, point_ms)) for cue in ordered)
    return "\n\n".join(["WEBVTT", *notes, *blocks]) + "\n"


def timestamp(at_ms: int) -> str:
    """A time of a video as HH:MM:SS.mmm. Raises `CueError` below 0 and from 100 hours on.

    >>> timestamp(3_723_004)
    '01:02:03.004'
    """
    if not 0 <= at_ms < 100 * _HOUR_MS:
        raise CueError(f"{at_ms} ms is not a time of a video", remedy="count from the start of the video")
    seconds, milliseconds = divmod(at_ms, 1_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"


def _end(cue: Cue, starts: Sequence[int], point_ms: int) -> int:
    if cue.to_ms is not None and cue.to_ms > cue.from_ms:
        return cue.to_ms
    later = bisect_right(starts, cue.from_ms)
    until_next = starts[later] - cue.from_ms if later < len(starts) else point_ms
    return cue.from_ms + max(SHORTEST_MS, min(point_ms, until_next))


def _block(cue: Cue, to_ms: int) -> str:
    author = _line(cue.author)
    voice = f"<v {_words(author)}>" if author else ""
    timing = f"{timestamp(cue.from_ms)} --> {timestamp(to_ms)}"
    return "\n".join([*_identifier(cue.id), timing, voice + _words("\n".join(_lines(cue.text)))])


def _identifier(name: str) -> list[str]:
    """At most one line, which no reader takes for a comment, a style or a region."""
    line = _line(name)
    return [f"cue {line}" if _BLOCK_WORDS.match(line) else line] if line else []


def _lines(text: str) -> list[str]:
    """The lines that say something: an empty one would end the cue."""
    return [line for part in text.replace("\0", "").splitlines() if (line := part.strip())]


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split()).replace("-->", "\N{RIGHTWARDS ARROW}")


def _words(text: str) -> str:
    return escape(text, quote=False)
