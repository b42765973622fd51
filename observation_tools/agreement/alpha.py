"""Agreement of any number of observers with any number of gaps."""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from enum import StrEnum
from itertools import permutations
from typing import Any

from observation_tools.agreement.result import ENOUGH, Agreement, beyond_chance, conclude
from observation_tools.errors import RatingsError, nearest

Distance = Callable[[Any, Any], float]


class Level(StrEnum):
    """What the ratings are: names, ranks, numbers, or numbers with a true zero."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"
    RATIO = "ratio"


def krippendorff_alpha(
    things: Sequence[Sequence[Hashable | None]], level: Level | str = Level.NOMINAL, *, enough: int = ENOUGH
) -> Agreement:
    """Agreement beyond chance of any number of observers (Krippendorff 2011, "Computing Krippendorff's
    Alpha-Reliability").

    `things` has a row of ratings per thing, None where an observer gave none (for a row per observer pass
    `list(zip(*rows))`); a thing with fewer than two ratings is left out, and `n` counts the others. Ratings
    have an order for `ordinal`, are finite numbers for `interval`, and not negative for `ratio`; else
    `RatingsError`.

    >>> krippendorff_alpha([["LT", "LT", None]] * 6 + [["LQ", None, "LQ"]] * 6)
    Agreement(value=1.0, n=12, too_few=False)
    """
    pairable = [ratings for row in things if len(ratings := [r for r in row if r is not None]) > 1]
    totals = Counter(rating for ratings in pairable for rating in ratings)
    distance = _distance(level, totals)
    return conclude(len(pairable), enough, lambda: _value(pairable, totals, distance))


def _value(
    things: Sequence[Sequence[Hashable]], totals: Mapping[Hashable, int], distance: Distance
) -> float | None:
    observed = math.fsum(_spread(ratings, distance) / (len(ratings) - 1) for ratings in things)
    expected = math.fsum(totals[a] * totals[b] * distance(a, b) for a, b in permutations(totals, 2))
    return beyond_chance(observed * (sum(totals.values()) - 1), expected)


def _spread(ratings: Sequence[Hashable], distance: Distance) -> float:
    counts = Counter(ratings)
    return math.fsum(counts[a] * counts[b] * distance(a, b) for a, b in permutations(counts, 2))


def _distance(level: Level | str, totals: Mapping[Any, int]) -> Distance:
    """The squared difference that a level sees between two unequal ratings."""
    try:
        level = Level(level)
    except ValueError:
        raise RatingsError(f"no level {level!r}", remedy=nearest(str(level), list(Level))) from None
    return _DISTANCES[level](totals)


def _names_apart(totals: Mapping[Any, int]) -> Distance:
    return lambda a, b: 1.0


def _ranks_apart(totals: Mapping[Any, int]) -> Distance:
    """Between two ranks lie all ratings in between, and half of those of the two ranks themselves."""
    try:
        ranks = sorted(totals)
    except TypeError as error:
        raise RatingsError(
            f"ratings have no order ({error})", remedy="give numbers, or use level nominal"
        ) from error
    middle, below = {}, 0
    for rank in ranks:
        middle[rank] = below + totals[rank] / 2
        below += totals[rank]
    return lambda a, b: float((middle[a] - middle[b]) ** 2)


def _numbers_apart(totals: Mapping[Any, int]) -> Distance:
    for rating in totals:
        if not isinstance(rating, int | float) or not math.isfinite(rating):
            raise RatingsError(f"{rating!r} is not a number", remedy="give numbers, None where there is none")
    return lambda a, b: float((a - b) ** 2)


def _ratios_apart(totals: Mapping[Any, int]) -> Distance:
    apart = _numbers_apart(totals)
    if (lowest := min(totals, default=0)) < 0:
        raise RatingsError(f"{lowest!r} is below zero", remedy="use level interval")
    return lambda a, b: apart(a, b) / float((a + b) ** 2)


_DISTANCES: Mapping[Level, Callable[[Mapping[Any, int]], Distance]] = {
    Level.NOMINAL: _names_apart,
    Level.ORDINAL: _ranks_apart,
    Level.INTERVAL: _numbers_apart,
    Level.RATIO: _ratios_apart,
}
