"""A few worlds in every test run, and proof that they can fail; `make sim` and `make sim-mutants` do the same at length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.simulation import backup
from tests.simulation.coverage import ENOUGH, KINDS, Coverage
from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import Step, plan
from tests.simulation.seeds import live
from tests.simulation.shrink import shrunk
from tests.simulation.stage import Stage, set_up
from tests.simulation.survival import fate

WORLDS = 20
"""In so many at most a planted bug is noticed that must be; most are in the first."""
AT_ONCE = 2
MUST_FALL_AT_ONCE = ("receipts are ignored", "children keep their audience", "tombstones are passed over")

ONCE_BROKEN = {
    10: (
        (12, "the server is backed up"), (14, "edits a text", "hana2"), (17, "syncs", "hana2"),
        (21, "the server is restored"),
    ),
    154: (
        (7, "the server is backed up"), (10, "syncs", "hana2"), (17, "moves a state", "hana2"),
        (23, "syncs", "olga2"), (24, "the server is restored"),
    ),
}  # fmt: skip
"""By seed, what was left of a failing world: a bug's history stays, whatever plans are drawn from the seed later."""


@pytest.fixture(scope="module")
def stage(session_database_url: str) -> Iterator[Stage]:
    with set_up(session_database_url) as stage:
        yield stage


@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_histories_that_once_broke_a_promise_keep_it(stage: Stage, seed: int) -> None:
    steps = [Step(*one) for one in ONCE_BROKEN[seed]]
    assert len(stage.play(seed, steps).story) > len(steps)


@pytest.mark.parametrize("first", range(1, 9, AT_ONCE))
def test_worlds_keep_every_promise(stage: Stage, first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        lived = live(stage, seed)
        assert lived.promise is None, lived.told()
        assert lived.tally["requests"] > 30


@pytest.mark.parametrize("name", MUST_FALL_AT_ONCE)
def test_a_planted_bug_is_noticed(stage: Stage, name: str) -> None:
    assert fate(stage, name, range(1, WORLDS + 1), shrink=0).promise is not None


@pytest.mark.parametrize("name", MUTANTS)
def test_a_bug_can_be_planted(name: str) -> None:
    """Where the product has moved on, a mutant that patches nothing would prove nothing."""
    with pytest.MonkeyPatch.context() as patch:
        MUTANTS[name].plant(patch)


def test_a_seed_tells_one_story(stage: Stage) -> None:
    one, other = stage.play(7, plan(7)[:20]), stage.play(7, plan(7)[:20])
    assert one.story == other.story
    assert one.server.tally == other.server.tally
    assert one.server.truth.rows == other.server.truth.rows
    assert one.story != stage.play(8, plan(8)[:20]).story


def test_a_history_is_shrunk_to_what_matters() -> None:
    steps = [Step(number, "types") for number in range(40)]

    def fails(some: object) -> bool:
        return isinstance(some, list) and {steps[3], steps[17], steps[31]} <= set(some)

    assert shrunk(steps, fails, most=500) == [steps[3], steps[17], steps[31]]


def test_a_backup_holds_the_whole_tenant(stage: Stage) -> None:
    world = stage.play(9, plan(9)[:12])
    tenant, rows = world.server.tenant, backup.copy(stage.tables, world.server.tenant)
    assert len(rows) > 20
    assert sum(said != "[]" for said in rows.values()) > 15
    backup.put_back(stage.tables, tenant, dict.fromkeys(rows, "[]"))
    assert set(backup.copy(stage.tables, tenant).values()) == {"[]"}
    backup.put_back(stage.tables, tenant, rows)
    assert backup.copy(stage.tables, tenant) == rows


def test_what_never_happened_is_told() -> None:
    coverage = Coverage()
    for _ in range(ENOUGH):
        coverage.add(Counter(dict.fromkeys(KINDS[1:], 1)))
    assert coverage.missing == [KINDS[0]]
    coverage.add(Counter({KINDS[0]: 1}))
    assert coverage.missing == []
