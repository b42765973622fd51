"""docs/problems.md tells every problem of the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

from schemas.problems import Problem
from service.api.problems import markdown

COMMITTED = Path(__file__).parents[2] / "docs" / "problems.md"


def test_the_committed_catalogue_is_current() -> None:
    assert markdown() == COMMITTED.read_text(), "write it anew: python -m service.app"


def test_every_problem_stands_in_it_once() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", COMMITTED.read_text(), re.MULTILINE) == [
        it.slug for it in Problem
    ]


def test_every_problem_is_an_error_with_advice() -> None:
    assert all(400 <= it.status < 600 and it.value.what_to_do.endswith(".") for it in Problem)
    assert len({it.value.title for it in Problem}) == len(Problem)
