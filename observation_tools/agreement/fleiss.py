"""Agreement of many observers who rated each thing equally often."""

from collections.abc import Hashable, Sequence

from observation_tools.agreement.result import ENOUGH, Agreement, beyond_chance, conclude
from observation_tools.errors import RatingsError, nearest

Counts = Sequence[Sequence[int]]


def fleiss_kappa(counts: Counts, *, enough: int = ENOUGH) -> Agreement:
    """Agreement beyond chance of many observers (Fleiss 1971, doi:10.1037/h0031619).

    `counts` has a row per thing and a column per category: how many observers chose it. Each row adds up to
    the same number of observers, 2 or more; they need not be the same people. Raises `RatingsError` that
    names the row.

    >>> fleiss_kappa([[3, 0]] * 5 + [[0, 3]] * 5)
    Agreement(value=1.0, n=10, too_few=False)
    """
    for place, row in enumerate(counts, 1):
        _check_row(place, row, counts[0])
    return conclude(len(counts), enough, lambda: _value(counts))


def _value(counts: Counts) -> float | None:
    things, observers = len(counts), sum(counts[0])
    alike = sum(cell * (cell - 1) for row in counts for cell in row)
    totals = [sum(column) for column in zip(*counts, strict=True)]
    ratings = things * observers
    # Whole numbers until the last division, so that full agreement is exactly 1 and no variation exactly
    # None.
    seen_apart = ratings * (observers - 1) - alike
    chance_apart = ratings**2 - sum(total**2 for total in totals)
    return beyond_chance(seen_apart * ratings, chance_apart * (observers - 1))


def _check_row(place: int, row: Sequence[int], first: Sequence[int]) -> None:
    where = f"row {place}"
    if len(row) != len(first):
        raise RatingsError(
            f"{len(row)} categories instead of {len(first)}",
            where=where,
            remedy="write 0 for a category nobody chose",
        )
    if min(row, default=0) < 0 or sum(row) < 2:
        raise RatingsError(
            f"{list(row)} is not a count of at least two ratings",
            where=where,
            remedy="leave out what fewer rated",
        )
    if sum(row) != sum(first):
        raise RatingsError(
            f"{sum(row)} ratings instead of {sum(first)}",
            where=where,
            remedy="rate each thing equally often, or use krippendorff_alpha",
        )


def count_ratings(
    things: Sequence[Sequence[Hashable]], categories: Sequence[Hashable]
) -> tuple[tuple[int, ...], ...]:
    """The counts that `fleiss_kappa` asks for, from a row of ratings per thing.

    Raises `RatingsError` for a rating that is no category.

    >>> count_ratings([["LT", "LT", "LQ"]], ["LT", "LQ", "SD"])
    ((2, 1, 0),)
    """
    for place, ratings in enumerate(things, 1):
        for rating in (rating for rating in ratings if rating not in categories):
            raise RatingsError(
                f"no category {rating!r}",
                where=f"row {place}",
                remedy=nearest(str(rating), map(str, categories)),
            )
    return tuple(tuple(list(ratings).count(category) for category in categories) for ratings in things)
