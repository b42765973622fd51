"""Tells at the end of a run how much the random worlds compared."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings

from tests.sync.school import app, clock, hana, olga, school  # noqa: F401  # fixtures of the phones' tests

settings.register_profile("sync", deadline=None)  # a busy machine is no fault of a property
settings.load_profile("sync")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sum up what tests recorded as `model` and `ablation`, also those of xdist's workers."""
    total, lines = Counter[str](), []
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "model":
                total += Counter(value)
            elif name in ("ablation", "race"):
                lines.append(value)
    if total:
        lines.insert(0, "model: " + ", ".join(f"{count:,} {what}" for what, count in total.items()))
    for line in lines:
        terminalreporter.write_line(line)
