"""What can go wrong in the craft: every error says what, where, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class CraftError(ValueError):
    """Something given to the craft cannot be used.

    `what` is wrong, `where` it is (a line, a file, a note; may be empty), and the `remedy`.

    >>> print(CraftError("time '9:75' is not a time", where="line 3", remedy="write it as HH:MM:SS"))
    line 3: time '9:75' is not a time; write it as HH:MM:SS
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.remedy = what, where, remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f"; {self.remedy}" if self.remedy else "")


class UnknownCodeError(CraftError):
    """A code that the instrument does not have."""


class UnknownStateError(CraftError):
    """A state that the machine does not have."""


class StateMachineError(CraftError):
    """A state machine that is not written as the notation asks."""


class TimelineError(CraftError):
    """A timeline that cannot be read or does not run forward."""


class InstrumentError(CraftError):
    """An instrument that is not complete, or not one."""


class RatingsError(CraftError):
    """Ratings from which no agreement can be computed."""


class CueError(CraftError):
    """A note that cannot be laid on a video."""


class NoteError(CraftError):
    """A note that cannot be one."""


class CommentError(CraftError):
    """A comment that cannot be one."""


class TrackError(CraftError):
    """A text track that cannot be read."""


class FragmentError(CraftError):
    """A piece of a recording that is not named as Media Fragments asks."""


class AnnotationError(CraftError):
    """An annotation that cannot be read; `where` is a JSON pointer."""


class MomentError(CraftError):
    """A moment without a time zone, so that nobody knows when it was."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Advice that names the known words nearest to `word`, or all of them when none is near.

    >>> nearest("LTT", ["LT", "LQ", "SD"])
    'did you mean LT?'
    >>> nearest("zebra", ["LT", "LQ"])
    'use one of LT, LQ'
    """
    choices = list(known)
    folded = {choice.casefold(): choice for choice in choices}
    close = [folded[match] for match in get_close_matches(word.casefold(), folded)]
    return f"did you mean {' or '.join(close)}?" if close else f"use one of {', '.join(choices)}"
