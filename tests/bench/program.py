"""Another's server as a child of ours: watched, logged and stopped as our own are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from service.dev.children import spawn
from service.dev.programs import is_healthy
from service.dev.server import Server


class Foreign(Server):
    """Ready when its `health` address answers 200."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        health: str,
        env: Mapping[str, str],
        log: Path,
        cwd: Path | None = None,
    ) -> None:
        super().__init__(name, log)
        self.command, self.health, self.env, self.cwd = command, health, env, cwd

    def launch(self) -> None:
        self.process = spawn(self.command, log=self.log, env=self.env, cwd=self.cwd)

    def answers(self) -> bool:
        return is_healthy(self.health)

    @property
    def pid(self) -> int:
        """The process at the top."""
        assert self.process is not None
        return self.process.pid
