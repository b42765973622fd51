"""Keeps the servers alive: whoever ends without being asked is started again, ever more patiently."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.dev.children import LaunchError
from service.dev.server import Server

GLANCE = 0.2
LONGEST_PAUSE = 10.0
# Who lived this long starts again at once; who dies young waits 0.2, 0.4, 0.8 ... seconds.
HEALTHY_AFTER = 30.0

Say = Callable[[str], None]


@dataclass(slots=True)
class Watch:
    """One server under watch."""

    server: Server
    since: float
    pause: float = 0.0
    not_before: float | None = None

    def glance(self, now: float, say: Say) -> None:
        if self.server.alive:
            return
        if self.not_before is None:
            self._schedule(now, say)
        if self.not_before is not None and now >= self.not_before:
            self._revive(now, say)

    def _schedule(self, now: float, say: Say) -> None:
        lived = now - self.since
        self.pause = 0.0 if lived > HEALTHY_AFTER else min(LONGEST_PAUSE, max(GLANCE, self.pause * 2))
        self.not_before = now + self.pause
        code = self.server.process.returncode if self.server.process else None
        say(
            f"{self.server.name} ended unexpectedly ({_ending(code)}); starting it again. Log: {self.server.log}"
        )

    def _revive(self, now: float, say: Say) -> None:
        self.since, self.not_before = now, None
        try:
            self.server.launch()
        except (LaunchError, OSError) as error:
            say(f"{self.server.name} could not be started again: {error}")


def keep_alive(servers: Sequence[Server], say: Say) -> None:
    """Watch until an exception (a signal's) ends it."""
    watches = [Watch(server, time.monotonic()) for server in servers]
    while True:
        for watch in watches:
            watch.glance(time.monotonic(), say)
        time.sleep(GLANCE)


def _ending(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
