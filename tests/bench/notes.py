"""What is sent: notes of 12 fields and some 600 bytes, the same at every run."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

WORDS = [
    "the",
    "pupils",
    "wait",
    "while",
    "she",
    "asks",
    "again",
    "who",
    "would",
    "like",
    "to",
    "speak",
    "four",
    "hands",
    "go",
    "up",
    "at",
    "the",
    "window",
    "table",
    "one",
    "of",
    "them",
    "whispers",
    "the",
    "teacher",
    "counts",
    "to",
    "seven",
    "before",
    "she",
    "calls",
    "on",
    "somebody",
    "new",
    "and",
    "the",
    "board",
    "fills",
    "with",
    "their",
    "own",
    "words",
]
KINDS = ("noticing", "wondering", "quote", "tally", "code")
LETTERS = 330
VISIT = "visit-of-bench"


def note(number: int, visit_id: str, seed: int = 0, state: str = "draft") -> dict[str, Any]:
    """The fields that a phone sends of one note; its id is a UUID made from seed and number."""
    chance = random.Random(seed * 10_000_019 + number)
    at_ms = chance.randrange(3_000_000)
    return {
        "id": str(UUID(int=chance.getrandbits(128), version=4)),
        "visit_id": visit_id,
        "note_kind": chance.choice(KINDS),
        "text": _text(chance),
        "code": chance.choice(("waits", "asks", "answers", "tells")),
        "instrument": "who-speaks/1",
        "at_ms": at_ms,
        "until_ms": at_ms + chance.randrange(60_000),
        "at": f"2026-11-20T{8 + at_ms // 3_600_000:02}:{at_ms // 60_000 % 60:02}:{at_ms // 1000 % 60:02}.000Z",
        "state": state,
    }


def notes(count: int, visit_id: str, seed: int = 0, state: str = "draft") -> list[dict[str, Any]]:
    """So many notes of one visit."""
    return [note(number, visit_id, seed, state) for number in range(count)]


def others_note(number: int, seed: int) -> dict[str, Any]:
    """The same note for a server that knows no visits and keeps no authors: 12 fields, all of them sent."""
    return note(number, VISIT, seed) | {
        "created_by": "bench-observer",
        "noted_at": "2026-11-20T08:00:00.000Z",
    }


def _text(chance: random.Random) -> str:
    # as many words as fill the letters, then cut: a note is always as long
    return " ".join(chance.choices(WORDS, k=LETTERS // 4))[:LETTERS].strip()
