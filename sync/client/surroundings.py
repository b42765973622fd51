"""The edges where tests and the simulation put their own time and chance."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random, SystemRandom

from sync.clock import Now, system_now

LONGEST_PAUSE = 60.0
"""Seconds between two tries of the same."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A clock (no order of anything ever hangs on it), a way to wait for seconds, and a source of chance."""

    now: Now = system_now
    sleep: Callable[[float], None] = time.sleep
    random: Random = field(default_factory=SystemRandom)

    def new_id(self) -> str:
        """A new id for a record, a change or a device: a random UUID (RFC 9562, version 4)."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures: 1, 2, 4 ... 60, each shortened by up to a half.

        So many phones do not come back together.
        """
        return min(LONGEST_PAUSE, 2.0 ** min(failures - 1, 10)) * (0.5 + self.random.random() / 2)
