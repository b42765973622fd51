"""The merge of texts and records: properties over random edits."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync.merge import Base, Policy, merge, three_way
from sync.merge.text import MOST_TOKENS, longer

WORDS = st.sampled_from(["a", "b", "c", "day", "door", "é", "日", "x-1"])
GAPS = st.sampled_from([" ", " ", " ", "  ", "\n", "\n\n", "\t"])
POLICIES = {"text": Policy.TEXT, "tags": Policy.SET, "title": Policy.LAST}


def texts(longest: int = 12) -> st.SearchStrategy[str]:
    """Texts of words out of few, so that edits meet."""
    return st.lists(st.tuples(WORDS, GAPS), max_size=longest).map(
        lambda pairs: "".join(word + gap for word, gap in pairs).strip(" ")
    )


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    """The text after a few insertions, deletions and replacements of words."""
    tokens = re.findall(r"\S+\s*|\s+", text)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(tokens)))
        take = draw(st.integers(0, 2))
        tokens[at : at + take] = [word + " " for word in draw(st.lists(WORDS, max_size=2))]
    return "".join(tokens)


@st.composite
def two_edits(draw: st.DrawFn) -> tuple[str, str, str]:
    """A text, and two edits of it."""
    base = draw(texts())
    return base, draw(edited(base)), draw(edited(base))


ANY_THREE = st.one_of(
    two_edits(), st.tuples(texts(), texts(), texts()), st.tuples(st.text(), st.text(), st.text())
)


def added(base: str, text: str) -> Counter[str]:
    return Counter(text.split()) - Counter(base.split())


@given(ANY_THREE)
def test_a_merge_holds_every_word_that_either_side_added(three: tuple[str, str, str]) -> None:
    base, mine, theirs = three
    merged = three_way(base, mine, theirs)
    if merged is not None:
        assert Counter(merged.split()) >= added(base, mine) | added(base, theirs)


@given(ANY_THREE)
def test_a_merge_makes_up_no_word(three: tuple[str, str, str]) -> None:
    base, mine, theirs = three
    merged = three_way(base, mine, theirs)
    if merged is not None:
        assert Counter(merged.split()) <= Counter(base.split()) + added(base, mine) + added(base, theirs)


@given(ANY_THREE)
def test_a_merge_does_not_ask_who_came_first(three: tuple[str, str, str]) -> None:
    base, mine, theirs = three
    assert three_way(base, mine, theirs) == three_way(base, theirs, mine)


@given(ANY_THREE)
def test_an_edit_against_none_is_that_edit(three: tuple[str, str, str]) -> None:
    base, mine, _ = three
    assert three_way(base, mine, base) == three_way(base, base, mine) == mine


@given(ANY_THREE)
def test_the_same_edit_twice_is_made_once(three: tuple[str, str, str]) -> None:
    base, mine, _ = three
    assert three_way(base, mine, mine) == mine


def test_the_same_edit_beside_others_is_made_once() -> None:
    assert three_way("a b c d e f", "a b X c d e f g", "0 a b X c d e f") == "0 a b X c d e f g"


def test_most_random_edits_in_different_places_do_merge() -> None:
    """So that the properties above are not kept by refusing everything."""
    base = " ".join(f"w{n}" for n in range(12))
    merged = [
        three_way(base, base.replace(f"w{one} ", f"M{one} "), base.replace(f"w{other} ", f"T{other} "))
        for one in range(11)
        for other in range(11)
    ]
    assert sum(one is not None for one in merged) == 121 - 11 - 20  # the same place, and the two beside it


def test_edits_that_meet_do_not_merge() -> None:
    assert three_way("one two", "one X two", "one Y two") is None
    assert three_way("one two", "one", "one two three") is None
    assert three_way("", "Ann's", "Bob's") is None


def test_long_texts_are_merged_by_lines_and_longer_ones_not_at_all() -> None:
    base = "".join(f"line {n}\n" for n in range(MOST_TOKENS))
    mine, theirs = "first\n" + base, base + "last\n"
    cut = base[: base.index("line 800\n")]
    assert three_way(cut, "first\n" + cut, cut + "last\n") == "first\n" + cut + "last\n"
    assert three_way(base, mine, theirs) is None  # 1501 lines
    assert three_way(cut, cut.replace("line 7\n", "line seven\n"), cut + "last\n") is not None
    assert three_way(cut, cut.replace("line 7\n", "line VII\n"), cut.replace("line 7\n", "7\n")) is None


@pytest.mark.parametrize(
    ("base", "mine", "theirs"),
    [
        ("a b " * 750, "b a " * 750, "a a b b " * 375),  # took difflib 90 s
        ("a " * 1500, "a " * 1499 + "b ", "c " + "a " * 1499),
        ("a\n" * 1500, "a\n" * 1499 + "b\n", "c\n" + "a\n" * 1499),
        (" ".join(map(str, range(1500))), " ".join(map(str, range(1500, 0, -1))), "x"),
    ],
)
def test_no_text_holds_up_everybody_else(base: str, mine: str, theirs: str) -> None:
    """A push merges while it holds the tenant's clock, and may bring five hundred of these."""
    began = time.process_time()
    three_way(base, mine, theirs)
    assert time.process_time() - began < 1


def test_a_word_that_stands_everywhere_does_not_keep_edits_apart_from_merging() -> None:
    base = "the cat and the dog and the bird and the fish and the horse " * 12 + "end"
    mine, theirs = "the first: " + base, base + " of the list"
    assert three_way(base, mine, theirs) == "the first: " + base + " of the list"
    assert three_way(base, base.replace("end", "END"), mine) == mine.replace("end", "END")


@given(texts(), texts())
def test_the_longer_holds_the_shorter(one: str, other: str) -> None:
    found = longer(one, other)
    assert found == longer(other, one)
    assert found is None or (one in found and other in found and found in (one, other))


# records

VALUES = st.fixed_dictionaries(
    {
        "text": st.none() | texts(5),
        "tags": st.none() | st.lists(st.sampled_from(["tag-1", "tag-2", "tag-3"]), unique=True).map(sorted),
        "title": st.none() | WORDS,
    }
)
BASES = st.none() | VALUES
OWN = st.frozensets(st.sampled_from(["text", "tags", "title"]))


def merged_of(
    current: dict[str, Any], arrived: dict[str, Any], base: Any, own: frozenset[str] = frozenset()
) -> Any:
    return merge(current, arrived, Base(base, own.__contains__), POLICIES)


@given(VALUES, VALUES, BASES, OWN)
def test_merging_the_result_again_changes_nothing(
    current: dict[str, Any], arrived: dict[str, Any], base: Any, own: frozenset[str]
) -> None:
    once = merged_of(current, arrived, base, own)
    again = merged_of(once.record, once.record, base, own)
    assert (again.record, again.changed, again.conflicts) == (once.record, set(), [])


@given(VALUES, VALUES, BASES, OWN)
def test_nothing_that_stood_or_arrived_is_lost(
    current: dict[str, Any], arrived: dict[str, Any], base: Any, own: frozenset[str]
) -> None:
    """Of a text that both sides changed each word stands in the record or in a conflict."""
    merged = merged_of(current, arrived, base, own)
    if base is None or own or base["text"] in (current["text"], arrived["text"]):
        return
    start = base["text"] or ""
    stands = Counter((merged.record["text"] or "").split())
    for conflict in merged.conflicts:
        stands |= Counter(str(conflict.kept).split()) | Counter(str(conflict.other).split())
    for text in (current["text"] or "", arrived["text"] or ""):
        assert stands >= added(start, text)


@given(VALUES, VALUES, VALUES)
def test_neither_argument_is_changed_and_changed_says_what_is(
    current: dict[str, Any], arrived: dict[str, Any], base: dict[str, Any]
) -> None:
    before = (dict(current), dict(arrived), dict(base))
    merged = merged_of(current, arrived, base)
    assert (current, arrived, base) == before
    assert merged.changed == {name for name in current if merged.record[name] != current[name]}


@given(VALUES, VALUES)
def test_a_set_keeps_what_either_added_and_drops_what_either_dropped(
    current: dict[str, Any], arrived: dict[str, Any]
) -> None:
    base = {"tags": ["tag-1", "tag-2"]}
    had, here, mine = set(base["tags"]), set(current["tags"] or ()), set(arrived["tags"] or ())
    merged = set(merged_of(current, {"tags": arrived["tags"]}, base).record["tags"] or ())
    if mine != had and here != had and here != mine:
        assert merged == (here | mine) - (had - here) - (had - mine)


@given(VALUES, VALUES)
def test_without_a_base_nothing_is_taken_out(current: dict[str, Any], arrived: dict[str, Any]) -> None:
    merged = merged_of(current, arrived, None)
    assert set(current["tags"] or ()) <= set(merged.record["tags"] or ())
    text = merged.record["text"] or ""
    assert Counter(text.split()) >= Counter((current["text"] or "").split())


@settings(max_examples=200)
@given(two_edits())
@example(("a", "b", "a c"))
def test_a_change_that_arrives_again_loses_nothing(three: tuple[str, str, str]) -> None:
    """A dialect without op_ids may send a change twice; what the first merge joined must not fall apart."""
    start, theirs, mine = three
    once = merged_of({"text": theirs}, {"text": mine}, {"text": start})
    again = merged_of(once.record, {"text": mine}, {"text": start})
    stands = Counter((again.record["text"] or "").split())
    for conflict in (*once.conflicts, *again.conflicts):
        stands |= Counter(str(conflict.kept).split()) | Counter(str(conflict.other).split())
    assert stands >= added(start, theirs) | added(start, mine)
