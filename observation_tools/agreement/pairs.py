"""Agreement of two observers, who rated the same things in the same order; None where one of them did not."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from enum import StrEnum

from observation_tools.agreement.result import ENOUGH, Agreement, beyond_chance, conclude
from observation_tools.errors import RatingsError, nearest

Ratings = Sequence[Hashable | None]
Pair = tuple[Hashable, Hashable]


class Weights(StrEnum):
    """How much heavier a disagreement weighs that is further apart."""

    LINEAR = "linear"
    QUADRATIC = "quadratic"


def percent_agreement(first: Ratings, second: Ratings, *, enough: int = ENOUGH) -> Agreement:
    """The share of things, 0 to 1, that both rated alike; what chance would give is not taken off.

    `first` and `second` are equally long; things with a None are left out. Raises `RatingsError` for unequal
    lengths.

    >>> percent_agreement(["LT"] * 9 + ["LQ"] * 3, ["LT"] * 12)
    Agreement(value=0.75, n=12, too_few=False)
    """
    pairs = _both(first, second)
    return conclude(len(pairs), enough, lambda: sum(a == b for a, b in pairs) / len(pairs))


def cohen_kappa(first: Ratings, second: Ratings, *, enough: int = ENOUGH) -> Agreement:
    """Agreement beyond chance on names without order (Cohen 1960, doi:10.1177/001316446002000104).

    Shapes and errors as for `percent_agreement`.

    >>> cohen_kappa(["yes"] * 25 + ["no"] * 25, ["yes"] * 20 + ["no"] * 20 + ["yes"] * 10)
    Agreement(value=0.4, n=50, too_few=False)
    """
    return _kappa(_both(first, second), lambda a, b: float(a != b), enough)


def weighted_kappa(
    first: Ratings,
    second: Ratings,
    categories: Sequence[Hashable],
    weights: Weights | str = Weights.LINEAR,
    *,
    enough: int = ENOUGH,
) -> Agreement:
    """Agreement beyond chance on ordered `categories`, lowest first and equally far apart (Cohen 1968,
    doi:10.1037/h0026256): being one step apart is a smaller disagreement than being two.

    Shapes as for `percent_agreement`. Raises `RatingsError` for unequal lengths, a rating that is no
    category, or unknown weights.

    >>> weighted_kappa([1, 1, 2, 3], [1, 2, 2, 3], [1, 2, 3], "quadratic", enough=4)
    Agreement(value=0.8, n=4, too_few=False)
    """
    pairs, rank = _both(first, second), {category: place for place, category in enumerate(categories)}
    for rating in (rating for pair in pairs for rating in pair if rating not in rank):
        raise RatingsError(f"no category {rating!r}", remedy=nearest(str(rating), map(str, categories)))
    power = _power(weights)
    return _kappa(pairs, lambda a, b: float(abs(rank[a] - rank[b]) ** power), enough)


def _both(first: Ratings, second: Ratings) -> list[Pair]:
    if len(first) != len(second):
        raise RatingsError(
            f"{len(first)} ratings against {len(second)}",
            remedy="give one rating per thing from each observer, None where there is none",
        )
    return [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]


def _power(weights: Weights | str) -> int:
    try:
        return {Weights.LINEAR: 1, Weights.QUADRATIC: 2}[Weights(weights)]
    except ValueError:
        raise RatingsError(f"no weights {weights!r}", remedy=nearest(str(weights), list(Weights))) from None


def _kappa(pairs: Sequence[Pair], apart: Callable[[Hashable, Hashable], float], enough: int) -> Agreement:
    """Kappa in its form of disagreements: what was seen against what the two observers' habits would give."""

    def value() -> float | None:
        rows, columns = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
        observed = sum(apart(a, b) for a, b in pairs) * len(pairs)
        expected = sum(rows[a] * columns[b] * apart(a, b) for a in rows for b in columns)
        return beyond_chance(observed, expected)

    return conclude(len(pairs), enough, value)
