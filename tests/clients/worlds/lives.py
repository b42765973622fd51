"""Lives worlds: a seed gives the steps, and what breaks is told as a short history."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.clients.driver import Pool
from tests.clients.school import School
from tests.clients.worlds.acts import ACTS
from tests.clients.worlds.world import World
from tests.simulation.plan import Step
from tests.simulation.shrink import shrunk

STEPS = 40
MOST_TRIES = 40
"""Worlds that are lived to make a failing history shorter."""


@dataclass(frozen=True)
class Life:
    """What became of a world; `broken` tells what broke, empty when all was well."""

    seed: int
    story: Sequence[str]
    typed: int
    lost: int
    kept: int
    broken: str = ""

    def told(self) -> str:
        """The history of what broke."""
        return "\n".join([f"world {self.seed} breaks a promise:", *self.story, f"    {self.broken}"])


@dataclass(frozen=True)
class Place:
    """Where worlds are lived."""

    school: School
    rxdb: Pool
    watermelon: Pool

    def live(self, seed: int, *, shrink: bool = False) -> Life:
        """One world, in a school of its own."""
        steps = plan(seed)
        life = self.play(seed, steps)
        if life.broken and shrink:
            fewer = shrunk(steps, lambda some: bool(self.play(seed, some).broken), MOST_TRIES)
            again = self.play(seed, fewer)
            return again if again.broken else life
        return life

    def play(self, seed: int, steps: Sequence[Step]) -> Life:
        """These steps of this seed's world."""
        world = World(School(self.school.app, self.school.server), self.rxdb, self.watermelon, seed)
        broken, lost = "", 0
        try:
            for step in steps:
                chance = Random(f"{seed} {step.number}")
                said = _BY_NAME[step.what](world, chance)
                world.tell(said)
            lost = sum(phone.lost for phone in world.phones.values())
            world.come_to_rest()
            world.look()
        except Exception as fault:  # that nothing raises is a promise, too
            where = traceback.extract_tb(fault.__traceback__)[-1]
            broken = f"{type(fault).__name__}: {fault} (at {where.name}:{where.lineno})"
        finally:
            world.close()
        kept = sum(len(world.watch.truth.rows[name]) for name in ("conflicts", "rejected_writes"))
        return Life(seed, world.story, len(world.typed), lost, kept, broken)


_BY_NAME = {act.__name__: act for act in ACTS}


def plan(seed: int) -> list[Step]:
    """The steps of this seed's world."""
    names = Random(f"plan {seed}").choices(list(_BY_NAME), list(ACTS.values()), k=STEPS)
    return [Step(number, name) for number, name in enumerate(names, 1)]
