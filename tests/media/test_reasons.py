"""The words for which a file is put away are told to people, in one place."""

from __future__ import annotations

import re
from pathlib import Path

from service.media.reasons import REASONS

DOCUMENT = Path(__file__).parents[2] / "docs" / "media-safety.md"
SERVICE = Path(__file__).parents[2] / "service" / "media"


def test_the_page_names_them_all_as_the_phone_does() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", DOCUMENT.read_text(), re.MULTILINE))
    assert {word: told.get(word) for word in REASONS} == dict(REASONS)


def test_no_other_word_is_used() -> None:
    used = {
        word
        for path in SERVICE.rglob("*.py")
        for word in re.findall(r'UnfitError\("(\w+)"\)', path.read_text())
    }
    assert used <= REASONS.keys()
    assert {"empty", "infected", "cannot_blur"} <= used
