"""docs/apps.md names each scope in the words that people read, and no scope that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from service.accounts.apps.scopes import SCOPES

GUIDE = Path(__file__).parents[2] / "docs" / "apps.md"
ROW = re.compile(r"^\| `([a-z:.]+)` \| (.+) \| (yes)? ?\|$", re.MULTILINE)


def test_every_scope_is_documented_in_its_words() -> None:
    told = {name: (words, by_itself == "yes") for name, words, by_itself in ROW.findall(GUIDE.read_text())}
    assert told == {name: (scope.en, scope.by_itself) for name, scope in SCOPES.items()}
