"""A comment on a recording as it leaves one house and enters another: what was said, to which moment, and in answer to whom."""

from dataclasses import dataclass

from observation_tools.errors import CommentError
from observation_tools.notes import Repair


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on the point `at_ms` of a recording, or its piece to `until_ms`; `reply_to` names the one that it answers.

    Raises `CommentError` for times that run backwards or begin before the recording.

    >>> Comment("c1", "Look at table two.", at_ms=61_000).reply_to is None
    True
    """

    id: str
    text: str | None = None
    at_ms: int | None = None
    until_ms: int | None = None
    reply_to: str | None = None
    resolved: bool | None = None
    created_by: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    def __post_init__(self) -> None:
        start, end = self.at_ms or 0, self.until_ms
        if start < 0 or (end is not None and end < start):
            raise CommentError(
                f"it runs from {self.at_ms} to {end} ms",
                where=f"comment {self.id}",
                remedy="start at 0 or later and end after the start",
            )


@dataclass(frozen=True, slots=True)
class CommentsRead:
    """The comments of a file, each after the one that it answers, where each of them stands, and what was repaired."""

    comments: tuple[Comment, ...]
    places: tuple[str, ...]
    repairs: tuple[Repair, ...] = ()
