"""Figures that a run prints at its end, added up over its workers: how much was held against what."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

_FIGURES: Counter[str] = Counter()


def count(what: str, number: int) -> None:
    """Add to a figure."""
    _FIGURES[what] += number


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its figures on."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tally"] = dict(_FIGURES)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Who leads the run adds up; a worker that died has handed on nothing."""
    _FIGURES.update(getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each figure."""
    for what, number in sorted(_FIGURES.items()):
        terminalreporter.write_line(f"{number:,} {what}")
