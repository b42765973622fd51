"""The edges where tests and the simulation put their own time and chance."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random, SystemRandom

from sync.clock import Now, system_now


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A clock (its time is only ever told, never compared), a way to wait for seconds, and a source of chance."""

    now: Now = system_now
    sleep: Callable[[float], None] = time.sleep
    random: Random = field(default_factory=SystemRandom)

    def new_id(self) -> str:
        """A new id for a record, a change or a device: a random UUID (RFC 9562, version 4)."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))
