"""Bugs planted in the rules of who reads what, and in REST."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import ColumnElement, true

from service.api import reading
from service.records import KINDS, people, scopes
from sync.changes import Record
from sync.server.actor import Actor
from sync.server.audience import visible
from sync.server.kind import Near
from sync.server.tables import document


def notes_are_read_in_any_state(patch: pytest.MonkeyPatch) -> None:
    def audience(note: Record, near: Near) -> set[str]:
        visit = near.record("visits", note["visit_id"]) or {}
        return scopes.people(note["created_by"], visit.get("host_id"))

    patch.setitem(KINDS._kinds, "notes", replace(KINDS["notes"], audience=audience))


def an_evaluator_goes_on_reading(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people, "_pauses", lambda write, near: ())


def rest_lists_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "visible", lambda actor, collection, record_id: true())


def rest_lists_what_she_made(patch: pytest.MonkeyPatch) -> None:
    def hers(actor: Actor, collection: str, record_id: Any) -> ColumnElement[bool]:
        return visible(actor, collection, record_id) & (document.c.author == actor.person_id)

    patch.setattr(reading, "visible", hers)


PLANTS = (
    notes_are_read_in_any_state,
    an_evaluator_goes_on_reading,
    rest_lists_everything,
    rest_lists_what_she_made,
)
