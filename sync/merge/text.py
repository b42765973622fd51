"""A three-way merge of free text, by words where the text is short and by lines where it is long.

Nothing that either side typed is dropped: where both changed the same place there is no merge, and the caller keeps both.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

MOST_TOKENS = 1500
"""Above this, comparing would hold up others: words give way to lines, and lines to no merge at all."""

_WORDS = re.compile(r"\S+\s*|\s+")
Edit = tuple[int, int, list[str]]
"""Tokens of the base from, to, and what stands there now."""


def three_way(base: str, mine: str, theirs: str) -> str | None:
    """Both edits of `base` in one text, or None where they touch the same place.

    >>> three_way("one two three", "one two three four", "zero one two three")
    'zero one two three four'
    >>> three_way("one", "two", "three") is None
    True
    """
    for tokens in (_WORDS.findall, _lines):
        split = [tokens(text) for text in (base, mine, theirs)]
        if max(map(len, split)) <= MOST_TOKENS:
            return _combine(*split)
    return None


def longer(one: str, other: str) -> str | None:
    """The one of two texts that begins or ends with the whole of the other, or None.

    >>> longer("a door", "a door opens")
    'a door opens'
    """
    short, long = sorted((one, other), key=len)
    return long if long.startswith(short) or long.endswith(short) else None


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _combine(base: list[str], mine: list[str], theirs: list[str]) -> str | None:
    edits = sorted(_edits(base, mine) + _edits(base, theirs), key=lambda edit: edit[:2])
    merged: list[str] = []
    at = 0
    last: Edit | None = None
    for edit in edits:
        if edit == last:  # both made the very same edit
            continue
        if last is not None and _touch(last, edit):
            return None
        merged += base[at : edit[0]] + edit[2]
        at, last = edit[1], edit
    return "".join(merged + base[at:])


def _edits(base: list[str], changed: list[str]) -> list[Edit]:
    matcher = SequenceMatcher(None, base, changed, autojunk=False)
    return [(i, j, changed[k:m]) for tag, i, j, k, m in matcher.get_opcodes() if tag != "equal"]


def _touch(first: Edit, second: Edit) -> bool:
    """Whether two edits of one base overlap or meet: where they meet, their order would be a guess."""
    return second[0] <= first[1]
