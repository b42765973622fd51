"""What leaves the door: nobody is told what she may not see, and everybody is told what was stored instead of what she sent."""

from __future__ import annotations

from typing import Any

import pytest

from sync.changes import Status
from tests.sync.server.test_door_policies import kept_for, stands, start
from tests.sync.server.world import ANN, BOB, BOOK, ROOM, SHELF, World


@pytest.mark.parametrize("saw", [True, False], ids=["words of hers stand", "words of his stand"])
def test_a_conflict_is_not_told_to_who_no_longer_sees_the_record(room: World, saw: bool) -> None:
    seq, _ = start(room, text="start")
    room.put(room.as_(BOB), "books", BOOK, {"text": "from Bob"}, base_seq=seq)
    room.grant(BOB, ROOM, active=False)
    room.put(room.as_(ANN), "books", BOOK, {"text": "words of Ann"}, base_seq=seq if saw else None)
    assert "words of Ann" not in str(room.pull(BOB).rows)
    texts = ("words of Ann", "from Bob", ANN, BOB) if saw else ("from Bob", "words of Ann", BOB, ANN)
    assert kept_for(room, ANN) == [("text", *texts)]
    bodies = room.ask(
        "SELECT body FROM sync_history WHERE tenant_id = :tenant UNION SELECT body FROM sync_document"
    )
    assert any("from Bob" in row.body for row in bodies if row.body)


STORED_OTHERWISE: dict[str, tuple[str, Any, Any]] = {
    "text is put in normal form C": ("title", "cafe\u0301", "caf\u00e9"),
    "ids stand in order": ("tags", ["tag-two-", "tag-one-"], ["tag-one-", "tag-two-"]),
    "ids stand once": ("tags", ["tag-one-", "tag-one-"], ["tag-one-"]),
    "moments stand in UTC": ("read_at", "2026-11-21T10:30:00.1239+01:00", "2026-11-21T09:30:00.123Z"),
}


@pytest.mark.parametrize("how", ["created", "edited"])
@pytest.mark.parametrize("case", STORED_OTHERWISE)
def test_a_value_that_is_stored_otherwise_than_sent_comes_back(room: World, case: str, how: str) -> None:
    """Else two phones would hold different words under one number."""
    name, sent, stored = STORED_OTHERWISE[case]
    if how == "created":
        outcome = room.put(room.as_(ANN), "books", BOOK, {"shelf_id": SHELF, "state": "shown", name: sent})
    else:
        seq, _ = start(room)
        outcome = room.put(room.as_(ANN), "books", BOOK, {name: sent}, base_seq=seq)
    assert stands(room)[name] == stored
    assert outcome.status is Status.MERGED
    assert outcome.record == stands(room)


@pytest.mark.parametrize(
    ("name", "base", "sent"),
    [
        ("text", 5, "Ann's"),
        ("text", {"a": 1}, "Ann's"),
        ("tags", 5, ["tag-of-a"]),
        ("tags", [{}], ["tag-of-a"]),
    ],
)
def test_a_base_that_no_record_ever_held_is_no_base(room: World, name: str, base: Any, sent: Any) -> None:
    start(room, text="Bob's", tags=["tag-of-b"])
    good = room.change("books", "book-good", {"shelf_id": SHELF})
    bad = room.change("books", BOOK, {name: sent}, base_fields={name: base})
    outcome, other = room.push(room.as_(ANN), bad, good)
    assert other.status is Status.APPLIED
    assert outcome.problem is None
    assert stands(room)[name] == {"text": "Ann's", "tags": ["tag-of-a", "tag-of-b"]}[name]
    assert kept_for(room, BOB) == ([("text", "Ann's", "Bob's", ANN, BOB)] if name == "text" else [])
