"""A three-way merge of free text, by words where the text is short and by lines where it is long.

Nothing that either side typed is dropped: where both changed the same place there is no merge, and the caller keeps both.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import takewhile

MOST_TOKENS = 1500
"""Above this, comparing would hold up others: words give way to lines, and lines to no merge at all."""

MOST_PAIRS = 400
"""So many pairs of tokens are compared each with each; that is cubic, so it is for short places only."""

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
    """What turns one text into the other, in order; places that meet are one edit."""
    edits: list[Edit] = []
    i, j = 0, 0
    for kept_i, kept_j in [*_kept(base, changed), (len(base), len(changed))]:
        if kept_i > i or kept_j > j:
            edits.append((i, kept_i, changed[j:kept_j]))
        i, j = kept_i + 1, kept_j + 1
    return edits


def _kept(base: list[str], changed: list[str]) -> Iterator[tuple[int, int]]:
    """The tokens that stayed, as (place in base, place in changed), in order.

    Tokens that stand once on both sides hold the texts together, as in a patience diff: what is common by itself (the
    beginning, the end) costs little, and nothing costs more than its length, as often as a word may be repeated.
    """
    head = _common(zip(base, changed, strict=False))
    most = min(len(base), len(changed)) - head
    tail = min(most, _common(zip(reversed(base), reversed(changed), strict=False)))
    yield from ((n, n) for n in range(head))
    yield from _moved_by(
        head, _kept_between(base[head : len(base) - tail], changed[head : len(changed) - tail])
    )
    yield from ((len(base) - n, len(changed) - n) for n in range(tail, 0, -1))


def _moved_by(head: int, places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    return ((i + head, j + head) for i, j in places)


def _kept_between(base: list[str], changed: list[str]) -> Iterator[tuple[int, int]]:
    """The same, where neither the first nor the last token stayed."""
    if len(base) * len(changed) <= MOST_PAIRS:
        blocks = SequenceMatcher(None, base, changed, autojunk=False).get_matching_blocks()
        yield from ((i + n, j + n) for i, j, size in blocks for n in range(size))
        return
    i, j = 0, 0
    anchors = _anchors(base, changed)
    for anchor_i, anchor_j in anchors:
        yield from ((i + m, j + n) for m, n in _kept(base[i:anchor_i], changed[j:anchor_j]))
        yield anchor_i, anchor_j
        i, j = anchor_i + 1, anchor_j + 1
    if anchors:
        yield from ((i + m, j + n) for m, n in _kept(base[i:], changed[j:]))


def _anchors(base: list[str], changed: list[str]) -> list[tuple[int, int]]:
    """The longest row of tokens that stand once on both sides, in the same order on both."""
    there = {token: j for j, token in enumerate(changed)}
    counts, counts_there = Counter(base), Counter(changed)
    once = [(i, there[t]) for i, t in enumerate(base) if counts[t] == 1 and counts_there[t] == 1]
    ends: list[int] = []  # the least last place of a row of each length
    before: list[int] = []  # for each token, how long the row is that it ends
    for _, j in once:
        length = bisect_left(ends, j)
        ends[length : length + 1] = [j]
        before.append(length)
    row: list[tuple[int, int]] = []
    for place, length in zip(reversed(once), reversed(before), strict=True):
        if length == len(ends) - 1 - len(row) and (not row or place[1] < row[-1][1]):
            row.append(place)
    return row[::-1]


def _common(pairs: Iterable[tuple[str, str]]) -> int:
    """How many pairs are equal, from the first on."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _touch(first: Edit, second: Edit) -> bool:
    """Whether two edits of one base overlap or meet: where they meet, their order would be a guess."""
    return second[0] <= first[1]
