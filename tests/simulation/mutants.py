"""Bugs to plant, each a few lines: what would it take to notice them?

A patch names what it replaces, and fails when that is no longer there: a mutant that patches nothing proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.simulation import (
    mutants_of_phone,
    mutants_of_pull,
    mutants_of_rules,
    mutants_of_server,
    mutants_of_time,
)

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """A planted bug; it is called as its function is."""

    plant: Plant

    @property
    def name(self) -> str:
        return self.plant.__name__.replace("_", " ")


_PLANTED = [
    Mutant(plant)
    for module in (mutants_of_server, mutants_of_pull, mutants_of_time, mutants_of_rules, mutants_of_phone)
    for plant in module.PLANTS
]
MUTANTS = {mutant.name: mutant for mutant in _PLANTED}
"""By name."""
