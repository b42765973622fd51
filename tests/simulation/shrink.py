"""Makes a failing history short: steps are taken out, ever smaller parts at once, while the same promise still breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.simulation.plan import Step

Fails = Callable[[Sequence[Step]], bool]


def shrunk(steps: Sequence[Step], fails: Fails, most: int = 120) -> list[Step]:
    """Fewer steps that still fail (delta debugging, Zeller 2002, by complements); `most` worlds are tried."""
    left, parts = list(steps), 2
    while len(left) > 1 and most > 0:
        size = -(-len(left) // parts)
        for start in range(0, len(left), size):
            fewer, most = left[:start] + left[start + size :], most - 1
            if fails(fewer):
                left, parts = fewer, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(parts * 2, len(left))
    return left
