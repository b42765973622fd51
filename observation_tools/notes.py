"""A note as it leaves one house and enters another: what its author said, and who made it and when.

How far it is shared stays in the house: what enters begins as a draft.
"""

from dataclasses import dataclass

from observation_tools.errors import NoteError, nearest

NOTE_KINDS = ("noticing", "wondering", "quote", "tally", "code", "next_step")


@dataclass(frozen=True, slots=True)
class Note:
    """One note of a lesson, `at_ms` to `until_ms` from its start; moments (`..._at`, `at`) are RFC 3339 as they came.

    `clock_offset_ms` is what must be added to the clock that said `at`.

    Raises `NoteError` for a kind that there is not, and for times that run backwards or begin before the lesson.

    >>> Note("n1", "noticing", "Three asked.", at_ms=61_000).code is None
    True
    """

    id: str
    note_kind: str
    text: str | None = None
    code: str | None = None
    instrument: str | None = None
    at_ms: int | None = None
    until_ms: int | None = None
    at: str | None = None
    clock_offset_ms: int | None = None
    created_by: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    def __post_init__(self) -> None:
        if self.note_kind not in NOTE_KINDS:
            raise self._error(f"no kind {self.note_kind!r}", nearest(self.note_kind, NOTE_KINDS))
        start, end = self.at_ms or 0, self.until_ms
        if start < 0 or (end is not None and end < start):
            raise self._error(
                f"it runs from {self.at_ms} to {end} ms", "start at 0 or later and end after the start"
            )

    def _error(self, what: str, remedy: str) -> NoteError:
        return NoteError(what, where=f"note {self.id}", remedy=remedy)


@dataclass(frozen=True, slots=True)
class Repair:
    """What a reader did about something that it could not take as it stands, and `where` that is."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class NotesRead:
    """The notes of a file, where in it each of them stands (as many `places` as `notes`), and what was repaired."""

    notes: tuple[Note, ...]
    places: tuple[str, ...]
    repairs: tuple[Repair, ...] = ()
