"""The open formats as tests speak them, and notes that say all that notes may say."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.builders import Caller

VISIT = "/v1/visits/visit-one"
CONTENT = ("note_kind", "text", "code", "instrument", "at_ms", "until_ms", "at", "clock_offset_ms")
SAID: list[dict[str, Any]] = [
    {"text": "Three <asked>.\r\n\r\nTwo --> four & more 😀", "at_ms": 61_000, "until_ms": 63_500},
    {"note_kind": "code", "code": "LQ", "instrument": "fill-plus@1", "at_ms": 5, "until_ms": 5},
    {"note_kind": "tally", "code": "hands"},
    {
        "note_kind": "wondering",
        "text": "",
        "at_ms": 2_000_000_000,
        "at": "2026-11-21T09:30:12.500Z",
        "clock_offset_ms": 40_000,
    },
    {"note_kind": "quote", "text": "Why?", "until_ms": 9, "clock_offset_ms": -25_000},
]
FORMS = {
    "track": (f"{VISIT}/track.vtt?kind=metadata", f"{VISIT}/track", "text/vtt"),
    "annotations": (f"{VISIT}/annotations", f"{VISIT}/annotations", "application/ld+json"),
}
forms = pytest.mark.parametrize("form", FORMS)


def say_all(who: Caller) -> list[str]:
    """Notes of hers of the visit that say all that notes may say; their ids."""
    for number, said in enumerate(SAID):
        note = {"id": f"note-{number:04}", "visit_id": "visit-one", "note_kind": "noticing"} | said
        assert who.post("/v1/notes", note).status_code == 201
    return [f"note-{number:04}" for number in range(len(SAID))]


def notes(who: Caller) -> dict[str, dict[str, Any]]:
    return {note["id"]: note for note in who.get("/v1/notes").json["items"]}


def content(note: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(note[name] for name in CONTENT)


def contents(some: Any) -> list[tuple[Any, ...]]:
    return sorted(map(content, some), key=str)


def enter(who: Caller, form: str, body: bytes | str) -> TestResponse:
    _, path, mimetype = FORMS[form]
    return who.call("POST", path, data=body, headers={"Content-Type": mimetype})
