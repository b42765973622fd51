"""Every measure gives what its paper, or a second program, gives; and nothing when there is too little."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from observation_tools.agreement import (
    ENOUGH,
    Agreement,
    Level,
    Weights,
    cohen_kappa,
    count_ratings,
    fleiss_kappa,
    krippendorff_alpha,
    percent_agreement,
    weighted_kappa,
)
from observation_tools.errors import RatingsError
from observation_tools.timed_coding import from_notes, sampled, segments

# Fleiss 1971, table 1: 30 patients, 6 psychiatrists, 5 diagnoses.
FLEISS_1971 = [
    "00060", "03003", "01401", "00006", "03030", "20400", "00402", "20310", "20040", "00006",
    "10050", "11040", "03300", "10050", "02031", "00501", "30012", "51000", "02040", "10203",
    "00006", "01050", "02013", "20040", "10041", "05010", "40002", "02040", "10500", "00006",
]  # fmt: skip

# Fleiss's example as most textbooks print it: 10 subjects, 14 raters, 5 categories.
TEXTBOOK = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]

# Krippendorff 2011, section C: 4 observers, 12 units, a star where there is no rating.
KRIPPENDORFF = ["123321412***", "1233224125*3", "*3332342251*", "12332441251*"]

# A table of two raters and three ordered categories that SAS prints: kappa 0.4842, linear 0.4701.
SAS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]

ratings = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=ENOUGH, max_size=40)
gappy = st.lists(
    st.lists(st.none() | st.integers(1, 5), min_size=3, max_size=3), min_size=ENOUGH, max_size=25
)


def observers() -> list[list[int | None]]:
    """The units of Krippendorff's example, a row of four ratings each."""
    return [[None if mark == "*" else int(mark) for mark in unit] for unit in zip(*KRIPPENDORFF, strict=True)]


def two_raters(table: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    pairs = [(a, b) for a, row in enumerate(table) for b, count in enumerate(row) for _ in range(count)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_fleiss_1971() -> None:
    counts = [[int(cell) for cell in row] for row in FLEISS_1971]
    assert fleiss_kappa(counts) == Agreement(pytest.approx(0.430, abs=0.0005), 30, False)


def test_the_textbook_table_of_fleiss() -> None:
    assert fleiss_kappa(TEXTBOOK) == Agreement(pytest.approx(0.210, abs=0.0005), 10, False)


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [
        ([[7, 1], [3, 5]], 0.161905),
        ([[6, 1, 0], [0, 7, 0]], 0.708333),
        ([[7, 0], [0, 7]], 1),
    ],
)
def test_fleiss_as_a_second_program_has_it(counts: list[list[int]], kappa: float) -> None:
    assert fleiss_kappa(counts, enough=2).value == pytest.approx(kappa, abs=6e-6)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorff_2011(level: str, alpha: float) -> None:
    assert krippendorff_alpha(observers(), level) == Agreement(pytest.approx(alpha, abs=0.0005), 11, False)


def test_alpha_counts_gaps_and_lonely_ratings_as_nothing() -> None:
    units = observers()
    lonely: list[list[int | None]] = [[5, None, None, None], [None] * 4, []]
    assert krippendorff_alpha(units + lonely, "ordinal") == krippendorff_alpha(units, "ordinal")


def test_a_ratio_may_be_nothing() -> None:
    """From nothing to anything it is as far as from one name to another."""
    one_off: list[list[int]] = [[0, 0], [0, 1], [1, 1]]
    assert krippendorff_alpha(one_off, "ratio", enough=3) == krippendorff_alpha(one_off, enough=3)


def test_two_raters_as_sas_has_them() -> None:
    first, second = two_raters(SAS)
    assert cohen_kappa(first, second) == Agreement(pytest.approx(0.4842, abs=0.00005), 19, False)
    assert weighted_kappa(first, second, [0, 1, 2]).value == pytest.approx(0.4701, abs=0.00005)
    assert percent_agreement(first, second).value == pytest.approx(13 / 19)


def test_quadratic_weights_by_hand() -> None:
    """Squares apart: 4 of 1, one of 4, 1 of 1 = 9; by chance 19 x that = the sum below."""
    first, second = two_raters(SAS)
    by_chance = Fraction(5 * 13 * 1 + 5 * 6 * 4 + 8 * 6 * 1 + 6 * 13 * 1, 19)
    expected = float(1 - 9 / by_chance)
    assert weighted_kappa(first, second, [0, 1, 2], "quadratic").value == pytest.approx(expected)
    assert expected == pytest.approx(0.450161, abs=1e-6)


@given(ratings)
def test_quadratic_kappa_is_the_agreement_of_means_and_spreads(pairs: list[tuple[int, int]]) -> None:
    """Fleiss and Cohen 1973: 1 - mean squared difference / (both variances + squared difference of means)."""
    n = len(pairs)
    mean_a, mean_b = Fraction(sum(a for a, _ in pairs), n), Fraction(sum(b for _, b in pairs), n)
    spread = sum((a - mean_a) ** 2 + (b - mean_b) ** 2 for a, b in pairs) / n + (mean_a - mean_b) ** 2
    assume(spread)
    expected = 1 - Fraction(sum((a - b) ** 2 for a, b in pairs), n) / spread
    found = weighted_kappa([a for a, _ in pairs], [b for _, b in pairs], [1, 2, 3, 4], Weights.QUADRATIC)
    assert found.value == pytest.approx(float(expected))


@given(ratings)
def test_with_two_categories_all_weights_are_the_same(pairs: list[tuple[int, int]]) -> None:
    first, second = [a > 2 for a, _ in pairs], [b > 2 for _, b in pairs]
    plain = cohen_kappa(first, second)
    for weights in Weights:
        assert weighted_kappa(first, second, [False, True], weights) == Agreement(
            None if plain.value is None else pytest.approx(plain.value), plain.n, False
        )


@given(ratings)
def test_it_does_not_matter_who_is_named_first(pairs: list[tuple[int, int]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    for measure in (percent_agreement, cohen_kappa):
        assert measure(first, second) == measure(second, first)


@given(gappy, st.sampled_from(Level), st.randoms(use_true_random=False))
def test_alpha_knows_no_order_of_observers_or_things(
    units: list[list[int | None]], level: Level, chance: Random
) -> None:
    shuffled = [list(unit) for unit in units]
    for row in (shuffled, *shuffled):
        chance.shuffle(row)
    found, again = krippendorff_alpha(units, level), krippendorff_alpha(shuffled, level)
    assert again == Agreement(
        None if found.value is None else pytest.approx(found.value), found.n, found.too_few
    )


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=ENOUGH, max_size=30))
def test_alpha_and_fleiss_differ_by_the_smallness_of_the_sample_only(units: list[list[int]]) -> None:
    """Without gaps 1 - alpha = (1 - kappa) (N - 1) / N, N being the number of ratings (Krippendorff 2004)."""
    kappa = fleiss_kappa(count_ratings(units, [0, 1, 2, 3])).value
    alpha = krippendorff_alpha(units).value
    ratings_given = 4 * len(units)
    if kappa is None:
        assert alpha is None
    else:
        assert alpha == pytest.approx(1 - (1 - kappa) * (ratings_given - 1) / ratings_given)


@given(st.lists(st.integers(1, 4), min_size=ENOUGH, max_size=30))
def test_seeing_the_same_is_one_and_seeing_one_thing_only_says_nothing(seen: list[int]) -> None:
    expected = Agreement(1.0 if len(set(seen)) > 1 else None, len(seen), False)
    units = [[code, code] for code in seen]
    assert cohen_kappa(seen, seen) == expected
    assert weighted_kappa(seen, seen, [1, 2, 3, 4]) == expected
    assert fleiss_kappa(count_ratings(units, [1, 2, 3, 4])) == expected
    for level in Level:
        assert krippendorff_alpha(units, level) == expected
    assert percent_agreement(seen, seen) == Agreement(1.0, len(seen), False)


ALIKE: list[Callable[[int], Agreement]] = [
    lambda n: percent_agreement([1, 2] * n, [1, 2] * n, enough=ENOUGH),
    lambda n: cohen_kappa([1, 2] * n, [1, 2] * n),
    lambda n: weighted_kappa([1, 2] * n, [1, 2] * n, [1, 2]),
    lambda n: fleiss_kappa([[2, 0], [0, 2]] * n),
    lambda n: krippendorff_alpha([[1, 1], [2, 2]] * n),
]


@pytest.mark.parametrize("measure", ALIKE)
@pytest.mark.parametrize("n", [0, 1, 4, 5])
def test_too_few_to_say(measure: Callable[[int], Agreement], n: int) -> None:
    assert measure(n) == Agreement(1.0 if n == 5 else None, 2 * n, n < 5)


def test_nothing_is_too_few_whatever_was_asked() -> None:
    assert percent_agreement([], [], enough=0) == Agreement(None, 0, True)
    assert percent_agreement([1], [1], enough=0) == Agreement(1.0, 1, False)


def test_what_one_observer_left_out_is_left_out() -> None:
    first, second = ["LT", None, "LQ", "LQ"] * 5, ["LT", "LQ", None, "LT"] * 5
    assert percent_agreement(first, second) == Agreement(0.5, 10, False)
    assert percent_agreement(first[:4], second[:4], enough=2) == Agreement(0.5, 2, False)
    assert percent_agreement(first[:4], second[:4], enough=3) == Agreement(None, 2, True)


def test_two_observers_of_one_lesson() -> None:
    """Ten minutes, a question heard ten seconds apart: 590 of 600 seconds alike."""
    first, second = (
        sampled(segments(from_notes([(0, "LT"), (at_ms, "LQ")], end_ms=600_000)), 0, 600_000)
        for at_ms in (300_000, 310_000)
    )
    assert percent_agreement(first, second) == Agreement(pytest.approx(590 / 600), 600, False)
    assert cohen_kappa(first, second).value == pytest.approx(1 - (1 / 60) / 0.5)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (lambda: percent_agreement([1], [1, 2]), "^1 ratings against 2; give one rating per thing"),
        (lambda: weighted_kappa(["hi"], ["high"], ["low", "high"]), "no category 'hi'; did you mean high"),
        (lambda: weighted_kappa([1], [1], [1], "cubic"), "no weights 'cubic'; use one of linear, quadratic"),
        (lambda: krippendorff_alpha([[1, 1]], "ordinary"), r"no level 'ordinary'; did you mean ordinal"),
        (lambda: krippendorff_alpha([[1, "two"]], "ordinal"), "ratings have no order .*use level nominal"),
        (lambda: krippendorff_alpha([["1", "2"]], "interval"), "^'1' is not a number; give numbers"),
        (lambda: krippendorff_alpha([[1, float("nan")]], "ratio"), "^nan is not a number"),
        (lambda: krippendorff_alpha([[1, -2]], "ratio"), "^-2 is below zero; use level interval"),
        (lambda: fleiss_kappa([[2, 0], [2]]), "^row 2: 1 categories instead of 2; write 0"),
        (lambda: fleiss_kappa([[2, 0], [2, 1]]), "^row 2: 3 ratings instead of 2; .*krippendorff_alpha$"),
        (lambda: fleiss_kappa([[1, 0]]), r"^row 1: \[1, 0\] is not a count of at least two ratings"),
        (lambda: fleiss_kappa([[3, -1]]), r"^row 1: \[3, -1\] is not a count"),
        (lambda: count_ratings([["LT"], ["LTT"]], ["LT"]), "^row 2: no category 'LTT'; did you mean LT"),
    ],
)
def test_ratings_that_cannot_be_compared_are_told(question: Callable[[], object], told: str) -> None:
    with pytest.raises(RatingsError, match=told):
        question()
