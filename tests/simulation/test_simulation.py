"""A few worlds in every test run, and proof that they can fail; `make sim` and `make sim-mutants` do the same at length."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import Step, plan
from tests.simulation.seeds import live
from tests.simulation.shrink import shrunk
from tests.simulation.stage import Stage, set_up
from tests.simulation.survival import fate

AT_ONCE = 4
MUST_FALL_AT_ONCE = ("receipts are ignored", "a grant takes no block", "tombstones are passed over")


@pytest.fixture(scope="module")
def stage(session_database_url: str) -> Iterator[Stage]:
    with set_up(session_database_url) as stage:
        yield stage


@pytest.mark.parametrize("first", range(1, 17, AT_ONCE))
def test_worlds_keep_every_promise(stage: Stage, first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        lived = live(stage, seed)
        assert lived.promise is None, lived.told()
        assert lived.tally["requests"] > 30


@pytest.mark.parametrize("name", MUST_FALL_AT_ONCE)
def test_a_planted_bug_is_noticed(stage: Stage, name: str) -> None:
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == name]
    assert fate(stage, mutant, range(1, 6)).promise is not None


def test_a_seed_tells_one_story(stage: Stage) -> None:
    assert stage.play(7, plan(7)[:10]).story == stage.play(7, plan(7)[:10]).story


def test_a_history_is_shrunk_to_what_matters() -> None:
    steps = [Step(number, "types") for number in range(40)]

    def fails(some: object) -> bool:
        return isinstance(some, list) and {steps[3], steps[17], steps[31]} <= set(some)

    assert shrunk(steps, fails, most=500) == [steps[3], steps[17], steps[31]]
