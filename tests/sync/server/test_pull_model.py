"""The pull algorithm against a plain model, in random worlds: SEEDS=300 for more of them, SEED=17 for that one alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

import pytest

from service.database import Database
from sync.server import feed
from tests.sync.server.pull_world import PullWorld

SEEDS = int(os.environ.get("SEEDS", "100"))
ALL = [int(os.environ["SEED"])] if "SEED" in os.environ else list(range(SEEDS))
AT_ONCE = 10


@pytest.mark.parametrize("first", range(0, len(ALL), AT_ONCE))
def test_phones_hold_what_the_model_says(
    shelves_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    first: int,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr(feed, "AT_ONCE", 3)  # pages of these worlds are small, and shall be of several pieces
    tally = Counter[str]()
    for seed in ALL[first : first + AT_ONCE]:
        tally += PullWorld(shelves_database, seed).run()
        tally["worlds"] += 1
    record_property("model", dict(tally))
    assert tally["comparisons"] >= 20 * tally["worlds"]
    assert min(tally[what] for what in ("pages", "rows", "tombstones", "writes", "grants")) > 0
