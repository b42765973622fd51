"""A tenant, and its district office at a shell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from tests.conftest import environment


@dataclass
class Office:
    """Sends rosters by the shell."""

    env: dict[str, str]
    path: Path

    def run(self, *said: str) -> Result:
        return CliRunner(env=self.env).invoke(main, said)

    def send(self, act: str, content: bytes, *options: str) -> Result:
        self.path.write_bytes(content)
        return self.run("roster", act, str(self.path), "--tenant", "north", *options)

    def told(self, act: str, content: bytes, *options: str) -> Any:
        result = self.send(act, content, "--json", *options)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def office(database_url: str, token_key: str, tmp_path: Path) -> Office:
    office = Office(environment(database_url, token_key), tmp_path / "roster.zip")
    assert office.run("tenant", "create", "north", "--name", "North").exit_code == 0
    return office
