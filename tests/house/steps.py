"""A history with one step more, for tests of how steps are taken and begun."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.migrations import history

STEP = '''"""A step of a test."""

from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("{statement}")
'''


def add_step(statement: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Go on in a copy of the history that has one step more, of this statement; its name."""
    last = history.revisions()[-1]
    versions = shutil.copytree(
        history.VERSIONS, folder / "versions", ignore=shutil.ignore_patterns("__pycache__")
    )
    text = STEP.format(revision="9999_more", before=last, statement=statement)
    (versions / "9999_more.py").write_text(text)
    monkeypatch.setattr(history, "VERSIONS", versions)
    return "9999_more"
