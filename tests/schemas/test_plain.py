"""What a schema takes as it is, its `load` would take and leave as it is: for every kind, over all that JSON can say."""

from __future__ import annotations

import string
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from schemas.base import SERVER_OWNED
from schemas.records.notes import NoteSchema
from service.records import KINDS
from sync.clock import stamp
from sync.server.kind import Kind

IDS = st.text(string.ascii_letters + string.digits + "_-", min_size=6, max_size=66)
MOMENTS = st.one_of(
    st.datetimes(datetime(1890, 1, 1), datetime(2210, 1, 1)).map(  # noqa: DTZ001  # Hypothesis wants them bare
        lambda at: f"{at.isoformat(timespec='milliseconds')}Z"
    ),
    st.sampled_from(
        [
            "2026-02-30T09:30:00.000Z",
            "2026-11-21T24:00:00.000Z",
            "2026-11-21T09:30:00Z",
            "2026-11-21T09:30:00.000+00:00",
        ]
    ),
)
ODD = st.sampled_from(
    [
        "",
        "\0",
        "\ud800",
        "e\u0301",
        "\u00e9",
        "a" * 201,
        "draft",
        "noticing",
        4.0,
        True,
        False,
        2**31,
        -1,
        [],
        {},
    ]
)
VALUES = st.one_of(
    st.none(),
    ODD,
    IDS,
    MOMENTS,
    st.text(max_size=12),
    st.integers(-2, 2**31),
    st.lists(IDS | st.none(), max_size=4),
)


def sayings(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    """Any of a kind's fields, and now and then one that it has not."""
    names = st.sampled_from(sorted(kind.schema.load_fields.keys() - {"id", *SERVER_OWNED}))
    return st.dictionaries(names | st.just("colour"), VALUES, max_size=len(kind.schema.fields))


def loaded(kind: Kind, said: dict[str, Any], *, partial: bool) -> dict[str, Any] | None:
    """What marshmallow makes of it, in the words of the wire; None when it refuses."""
    try:
        found = kind.schema.load(said | {"id": "record-0001"}, partial=partial)
    except ValidationError:
        return None
    del found["id"]
    return {name: stamp(value) if isinstance(value, datetime) else value for name, value in found.items()}


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_taken_as_it_is_would_be_loaded_as_it_is(kind: Kind, data: st.DataObject) -> None:
    said, partial = data.draw(sayings(kind)), data.draw(st.booleans())
    if kind.schema.is_plain(said, partial=partial):
        found = loaded(kind, said, partial=partial)
        assert found == said
        assert {name: type(found[name]) for name in found} == {name: type(said[name]) for name in said}


NOTE = {
    "visit_id": "visit-0001",
    "note_kind": "noticing",
    "text": "Sie verglich zwei Wege, höflich.",
    "code": None,
    "at_ms": 4000,
    "at": "2026-11-21T09:30:00.000Z",
}


def test_an_ordinary_note_is_plain() -> None:
    assert NoteSchema().is_plain(NOTE, partial=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", "e\u0301"),
        ("text", "a\0b"),
        ("text", "\ud800"),
        ("text", "a" * 20_001),
        ("text", 7),
        ("note_kind", "judgement"),
        ("note_kind", None),
        ("at_ms", 4.0),
        ("at_ms", True),
        ("at_ms", 2**31),
        ("at", "2026-11-21T09:30:00Z"),
        ("at", "2026-02-30T09:30:00.000Z"),
        ("visit_id", "short"),
        ("colour", "red"),
        ("created_by", "person-0001"),
    ],
)
def test_what_is_not_as_the_wire_writes_it_is_not(name: str, value: Any) -> None:
    assert not NoteSchema().is_plain(NOTE | {name: value}, partial=True)


def test_a_missing_field_is_for_marshmallow_to_tell() -> None:
    said = {name: value for name, value in NOTE.items() if name != "note_kind"}
    assert not NoteSchema().is_plain(said, partial=False)
    assert NoteSchema().is_plain(said, partial=True)
