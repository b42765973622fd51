"""Chapters: a title for each piece of the lesson, by which a player jumps."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from observation_tools.timeline import Segment
from observation_tools.webvtt.writing import block, escaped, one_line, timestamp, track_file


def to_chapters(pieces: Iterable[Segment], *, header: Iterable[str] = ()) -> str:
    """A chapters track: each piece's code is its title. A piece of no length makes no chapter.

    Raises `CueError` for a piece at 100 hours or later.

    >>> print(to_chapters([Segment("LT", 0, 68_000)]), end="")
    WEBVTT chapters
    <BLANKLINE>
    00:00:00.000 --> 00:01:08.000
    LT
    """
    blocks = (
        block(timestamp(piece.from_ms), timestamp(piece.to_ms), escaped(title))
        for piece in sorted(pieces, key=lambda piece: piece.from_ms)
        if piece.to_ms > piece.from_ms and (title := one_line(piece.code))
    )
    return track_file(blocks, header, "chapters")


def chapters(codings: Sequence[tuple[str, Iterable[Segment]]]) -> tuple[Segment, ...]:
    """The lesson in pieces that do not overlap, out of what each observer coded.

    With one coding the pieces are its own. With several a piece ends wherever one of them changes, and its title
    says who coded what: they are laid side by side, never mixed.

    >>> ada, ben = [Segment("LT", 0, 4_000)], [Segment("LT", 0, 1_000), Segment("LQ", 1_000, 4_000)]
    >>> [piece.code for piece in chapters([("Ada", ada), ("Ben", ben)])]
    ['Ada: LT · Ben: LT', 'Ada: LT · Ben: LQ']
    """
    lessons = [(who, [piece for piece in lesson if piece.length_ms]) for who, lesson in codings]
    if len(lessons) == 1:
        return tuple(lessons[0][1])
    starts = [(who, {piece.from_ms: piece for piece in lesson}) for who, lesson in lessons]
    edges = sorted(
        {edge for _, lesson in lessons for piece in lesson for edge in (piece.from_ms, piece.to_ms)}
    )
    return tuple(_side_by_side(starts, edges))


def _side_by_side(
    starts: Sequence[tuple[str, dict[int, Segment]]], edges: Sequence[int]
) -> Iterable[Segment]:
    now: list[Segment | None] = [None] * len(starts)
    for edge, following in pairwise(edges):
        for place, (_, begun) in enumerate(starts):
            running = begun.get(edge, now[place])
            now[place] = running if running and running.to_ms > edge else None
        said = [f"{who}: {piece.code}" for (who, _), piece in zip(starts, now, strict=True) if piece]
        if said:
            yield Segment(" · ".join(said), edge, following)
