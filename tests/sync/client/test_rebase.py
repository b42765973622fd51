"""Typing that followed a change, moved onto what a merge made of that change."""

from __future__ import annotations

import pytest

from sync.client.rebase import rebase


@pytest.mark.parametrize(
    ("before", "typed", "now", "expected", "clean"),
    [
        ("one", "one two", "one", "one two", True),  # the merge left it alone
        ("one two", "one two three", "zero one two", "zero one two three", True),
        ("one", "uno", "eins", "uno", False),  # the same words: the server must see it
        ("draft", "shared", "retracted", "shared", False),
        (["a"], ["a", "b"], ["a", "c"], ["a", "c", "b"], True),
        (["a", "b"], ["b"], ["a", "b", "c"], ["b", "c"], True),
        (["a"], ["a", "c"], ["a", "c"], ["a", "c"], True),
        (4, 5, 6, 5, False),
        (None, "typed", "theirs", "typed", False),
        ("one", None, "two", None, False),
    ],
)
def test_one_field(before: object, typed: object, now: object, expected: object, clean: bool) -> None:
    assert rebase({"x": typed}, {"x": before}, {"x": now}) == ({"x": expected}, clean)


def test_a_field_whose_ground_is_not_known_is_left_to_the_server() -> None:
    assert rebase({"x": "typed", "y": 1}, {"y": 2}, {"x": "there", "y": 2}) == ({"x": "typed", "y": 1}, False)
