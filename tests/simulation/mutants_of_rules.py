"""Bugs planted in the rules of who reads what, and in REST."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import true

from service.api import reading
from service.records import KINDS, people, scopes
from sync.changes import Record
from sync.server.kind import Near


def notes_are_read_in_any_state(patch: pytest.MonkeyPatch) -> None:
    def audience(note: Record, near: Near) -> set[str]:
        visit = near.record("visits", note["visit_id"]) or {}
        return scopes.people(note["created_by"], visit.get("host_id"))

    patch.setitem(KINDS._kinds, "notes", replace(KINDS["notes"], audience=audience))


def an_evaluator_goes_on_reading(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people, "_pauses", lambda write, near: ())


def rest_lists_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "visible", lambda actor, collection, record_id: true())


PLANTS = (notes_are_read_in_any_state, an_evaluator_goes_on_reading, rest_lists_everything)
