"""A shell in which an operator gives commands."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from service.cli import main


class Shell:
    """Runs commands against this test's database."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    def run(self, *said: str) -> Result:
        return CliRunner(env=self.env).invoke(main, said)

    def words(self, *said: str) -> str:
        result = self.run(*said)
        assert (result.exit_code, result.stderr) == (0, ""), result.output
        return result.stdout.strip()

    def told(self, *said: str) -> Any:
        return json.loads(self.words(*said, "--json"))

    def refusal(self, *said: str) -> str:
        result = self.run(*said)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: ")
        return result.stderr.removeprefix("Error: ").rstrip("\n")
