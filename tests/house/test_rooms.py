"""Small rooms: no file and no function outgrows what a person can hold in mind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ("service", "sync", "schemas", "observation_tools", "tests")
LONGEST_FILE = 350
LONGEST_FUNCTION = 50


def files() -> Iterator[Path]:
    for place in PLACES:
        yield from sorted((ROOT / place).rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_there_are_rooms_to_look_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in files()} == set(PLACES)


@pytest.mark.parametrize("place", PLACES)
def test_no_file_is_too_long(place: str) -> None:
    lengths = {str(path): len(path.read_text().splitlines()) for path in (ROOT / place).rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


@pytest.mark.parametrize("place", PLACES)
def test_no_function_is_too_long(place: str) -> None:
    found = {
        f"{path}:{name}": length
        for path in (ROOT / place).rglob("*.py")
        # A step of the database's history is a list of statements, in one piece and never edited.
        if path.parent.name != "versions"
        for name, length in functions(path)
    }
    assert {where: length for where, length in found.items() if length > LONGEST_FUNCTION} == {}
