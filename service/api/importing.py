"""Notes and comments that enter from a file: all of them or none, and each once however often it is sent.

They are of who sends them, the notes drafts.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import orjson
from flask import Response
from marshmallow import fields

from observation_tools.comments import Comment, CommentsRead
from observation_tools.notes import Note, NotesRead, Repair
from schemas.fields import Id, Words
from schemas.problems import Problem, Refused
from schemas.sync import MOST_CHANGES, Message
from service.api import reading
from service.api.transaction import Work, in_transaction
from service.api.writing import not_taken, send
from service.media import record as records
from service.records import KINDS
from service.records.notes import CONTENT
from sync.changes import Change, Outcome, Record, Status

ALREADY_TAKEN = "Nothing was added: all of it was imported before."
_COMMENT = ("text", "at_ms", "until_ms", "resolved")
MOST_TOLD = 50
"""Faults, or repairs, of one file: who has seen these mends all of their kind."""


class RepairSchema(Message):
    """What could not be taken as it stands, where in the file, and what was done about it."""

    place = Words(200, required=True)
    said = Words(400, required=True)


class ImportedSchema(Message):
    """The notes that are there now, in the order of the file."""

    note_ids = fields.List(Id(), required=True)
    repairs = fields.List(fields.Nested(RepairSchema), required=True)


class ImportedCommentsSchema(Message):
    """The comments that are there now: each after the one that it answers, else in the order of the file."""

    comment_ids = fields.List(Id(), required=True)
    repairs = fields.List(fields.Nested(RepairSchema), required=True)


@in_transaction
def take(work: Work, visit_id: str, file: NotesRead) -> Response:
    """201 with the ids of the notes; 200 when all of them were heard before, whatever has become of them since."""
    reading.demand(work, KINDS["visits"], visit_id)
    _demand_few(file.places, "notes")
    changes = list(_notes(work.actor.person_id, visit_id, file.notes))
    return _taken(work, changes, "note_ids", file.places, file.repairs)


@in_transaction
def take_comments(work: Work, media_id: str, file: CommentsRead) -> Response:
    """The same with the ids of comments on a recording."""
    records.find_shown(work.connection, work.actor, media_id, work.services.now())
    _demand_few(file.places, "comments")
    changes = list(_comments(work.actor.person_id, media_id, file.comments))
    return _taken(work, changes, "comment_ids", file.places, file.repairs)


def _demand_few(places: Sequence[str], what: str) -> None:
    if len(places) > MOST_CHANGES:
        said = f"At most {MOST_CHANGES} {what} at once: send those from here on in another file."
        raise Refused(Problem.INVALID_REQUEST, errors={places[MOST_CHANGES]: [said]})


def _taken(
    work: Work, changes: list[Change], name: str, places: Sequence[str], repairs: Sequence[Repair]
) -> Response:
    outcomes = send(work, changes)
    _demand_all_taken(places, outcomes)
    told = {name: [change.id for change in changes], "repairs": told_of(repairs)}
    fresh = any(outcome.status is not Status.REPEATED for outcome in outcomes)
    return reading.json_text(orjson.dumps(told).decode(), 201 if fresh else 200)


def _notes(person_id: str, visit_id: str, notes: Iterable[Note]) -> Iterator[Change]:
    """A draft for each note."""
    names = _Names(person_id, visit_id)
    for note in notes:
        said = _content(note)
        name = names.of(said)
        yield Change(name, "notes", name, {"visit_id": visit_id} | said)


def _comments(person_id: str, media_id: str, comments: Iterable[Comment]) -> Iterator[Change]:
    """A comment for each; a reply to one of the same file answers what that one has become."""
    names, become = _Names(person_id, media_id), dict[str, str]()
    for comment in comments:
        reply_to = comment.reply_to and become.get(comment.reply_to, comment.reply_to)
        said = {field: getattr(comment, field) for field in _COMMENT} | {"reply_to": reply_to}
        name = names.of(said)
        become.setdefault(comment.id, name)
        yield Change(name, "comments", name, {"media_id": media_id} | said)


class _Names:
    """Ids made of whose it is and what it says, and of how often that was said before it in the file."""

    def __init__(self, *whose: str) -> None:
        self._whose = whose
        self._before: Counter[str] = Counter()

    def of(self, said: Record) -> str:
        """The id of the next one that says this."""
        text = json.dumps([*self._whose, said], sort_keys=True)
        self._before[text] += 1
        digest = hashlib.sha256(f"{self._before[text]} {text}".encode()).hexdigest()
        return f"import-{digest[:48]}"


def _content(note: Note) -> Record:
    """What the author said; who that was, and under which id, is left behind."""
    return {name: value for name in CONTENT if (value := getattr(note, name)) is not None}


def _demand_all_taken(places: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """Raise Refused for the first problem, with every place that has it."""
    refusals = [
        (place, refused)
        for place, outcome in zip(places, outcomes, strict=True)
        if (refused := not_taken(outcome)) is not None
    ]
    if not refusals:
        return
    first = refusals[0][1]
    alike = [(place, one.errors) for place, one in refusals if one.problem is first.problem and one.errors]
    errors = {place: _messages(said) for place, said in alike[:MOST_TOLD]}
    raise Refused(first.problem, first.detail, errors, first.extra)


def _messages(errors: object) -> list[str]:
    assert isinstance(errors, dict)
    return [f"{pointer.lstrip('/')}: {said}" for pointer, several in errors.items() for said in several]


def told_of(repairs: Sequence[Repair]) -> list[dict[str, str]]:
    """The repairs in the words of the wire, those of a bad file only the first."""
    told = [{"place": repair.where, "said": repair.what} for repair in repairs[:MOST_TOLD]]
    more = len(repairs) - len(told)
    return [*told, {"place": "", "said": f"{more} others like these"}] if more else told
