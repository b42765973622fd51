"""What every measure of agreement gives back."""

from collections.abc import Callable
from dataclasses import dataclass

# A convention of ours, not a law: below ten things one slip of a finger moves a kappa by a tenth or more.
ENOUGH = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """`value` is at most 1 (as seen alike), `n` the number of things it rests on.

    `value` is None when there were `too_few` things to say, and when agreement has no meaning because all
    ratings are the same (chance alone would agree fully).
    """

    value: float | None
    n: int
    too_few: bool


def conclude(n: int, enough: int, value: Callable[[], float | None]) -> Agreement:
    """The agreement over `n` things, computed only when there are `enough` of them."""
    too_few = n < max(enough, 1)
    return Agreement(None if too_few else value(), n, too_few)


def beyond_chance(observed: float, expected: float) -> float | None:
    """What part of the disagreement expected by chance was avoided; None when chance expects none."""
    return 1 - observed / expected if expected else None
