"""Notes that enter from a file: drafts of who sends them, all of them or none, and each once however often it is sent."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import orjson
from flask import Response
from marshmallow import fields

from observation_tools.notes import Note, NotesRead, Repair
from schemas.fields import Id, Words
from schemas.problems import Problem, Refused
from schemas.sync import MOST_CHANGES, Message
from service.api import reading
from service.api.transaction import Work, in_transaction
from service.api.writing import not_taken, send
from service.records import KINDS
from service.records.notes import CONTENT
from sync.changes import Change, Outcome, Record, Status

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


@in_transaction
def take(work: Work, visit_id: str, file: NotesRead) -> Response:
    """201 with the ids of the notes; 200 when all of them were heard before, whatever has become of them since."""
    reading.demand(work, KINDS["visits"], visit_id)
    if len(file.notes) > MOST_CHANGES:
        said = f"At most {MOST_CHANGES} notes at once: send those from here on in another file."
        raise Refused(Problem.INVALID_REQUEST, errors={file.places[MOST_CHANGES]: [said]})
    changes = list(_changes(work.actor.person_id, visit_id, file.notes))
    outcomes = send(work, changes)
    _demand_all_taken(file.places, outcomes)
    told = {"note_ids": [change.id for change in changes], "repairs": _told(file.repairs)}
    fresh = any(outcome.status is not Status.REPEATED for outcome in outcomes)
    return reading.json_text(orjson.dumps(told).decode(), 201 if fresh else 200)


def _changes(person_id: str, visit_id: str, notes: Iterable[Note]) -> Iterator[Change]:
    """A draft for each note. Its id is made of whose it is and what it says, and of how often that was said before it."""
    before: Counter[str] = Counter()
    for note in notes:
        said = _content(note)
        text = json.dumps([person_id, visit_id, said], sort_keys=True)
        before[text] += 1
        digest = hashlib.sha256(f"{before[text]} {text}".encode()).hexdigest()
        name = f"import-{digest[:48]}"
        yield Change(name, "notes", name, {"visit_id": visit_id} | said)


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


def _told(repairs: Sequence[Repair]) -> list[dict[str, str]]:
    told = [{"place": repair.where, "said": repair.what} for repair in repairs[:MOST_TOLD]]
    more = len(repairs) - len(told)
    return [*told, {"place": "", "said": f"{more} others like these"}] if more else told
