"""The cursor: what is written is read again, and nothing else is."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.cursor import Cursor, about, decode

NUMBERS = st.integers(0, 10**18 - 1)
ABOUT = st.lists(st.sampled_from(["notes", "visits", "seats"])).map(about) | st.just("")
CURSORS = st.builds(Cursor, NUMBERS, NUMBERS, NUMBERS, ABOUT)


@given(CURSORS)
def test_what_is_written_is_read_again(cursor: Cursor) -> None:
    text = cursor.encode()
    assert decode(text) == cursor
    assert text.isascii()
    assert not set(text) & set("=+/ &?#%")  # stands in an address as it is


@given(st.text())
def test_anything_else_is_refused(text: str) -> None:
    try:
        found = decode(text)
    except ValueError as refusal:
        assert str(refusal) in {"not a cursor of ours", "a cursor of another version"}
    else:
        assert decode(found.encode()) == found


def _encoded(inside: str) -> str:
    return base64.urlsafe_b64encode(inside.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "1",
        "1:7:3:1",
        "1:7:3:1:ab:cd",
        "2:7:3:1:ab",
        ":7:3:1:ab",
        "1:-7:3:1:ab",
        "1:+7:3:1:ab",
        "1: 7:3:1:ab",
        "1:7.0:3:1:ab",
        "1:7e3:3:1:ab",
        "1:0x7:3:1:ab",
        "1:7_0:3:1:ab",
        "1::3:1:ab",
        "1:\u0667:3:1:ab",
        "1:7:3:1:\u00e9",
        "1:" + "9" * 19 + ":3:1:ab",
        "1:" + "9" * 5000 + ":3:1:ab",
        "1:null:3:1:ab",
        "1:7:3:1:ab\n:",
    ],
)
def test_what_resembles_a_cursor_is_refused(inside: str) -> None:
    with pytest.raises(ValueError, match=r"not a cursor of ours|another version"):
        decode(_encoded(inside))


@pytest.mark.parametrize(
    "text", ["", "%%%%", "null", "MTo3OjM6MTphYg==garbage", "MTo3OjM6M TphYg", "\ud800", "é" * 8, "A"]
)
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a cursor of ours|another version"):
        decode(text)


@given(CURSORS, NUMBERS)
def test_a_reader_further_on_is_the_same_reader(cursor: Cursor, seq: int) -> None:
    assert cursor.at(seq) == Cursor(seq, cursor.boot, cursor.epoch, cursor.about)


def test_a_set_of_collections_has_no_order_and_no_twins() -> None:
    assert about(["notes", "visits"]) == about(["visits", "notes", "notes"])
    assert about(["notes"]) != about(["visits"]) != about([])
    assert about(["notes", "visits"]) == "99604660c602"


def test_the_form_on_the_wire_does_not_change() -> None:
    """A phone may come back with a cursor that an older server wrote."""
    assert Cursor(7, 3, 1, "ab").encode() == "MTo3OjM6MTphYg"
    assert decode("MTo3OjM6MTphYg") == Cursor(7, 3, 1, "ab")
