"""The lock is good on any machine, and `make` tells what it can do."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

from service.dev.pin import pins, with_pins

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
REQUIREMENT = re.compile(r"^[a-z0-9][a-z0-9._-]*(\[[a-z,-]+\])?==\S+( ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment}
    )


def test_the_lock_holds_pins_and_hashes_and_nothing_else() -> None:
    strange = [line for line in LOCK.splitlines() if not (REQUIREMENT.match(line) or HASH.match(line))]
    assert strange == []


def test_the_lock_names_no_host() -> None:
    assert not re.search(r"https?:|file:|//|--(extra-)?index|--find-links", LOCK)


def test_the_pins_of_pyproject_are_those_of_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = [line.removesuffix("\\").strip() for line in LOCK.splitlines() if line[0].isalnum()]
    pins = project["tool"]["uv"]["constraint-dependencies"]
    assert [pin.replace('"', "'") for pin in locked] == pins


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wishes = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wishes += [wish for extra in project["project"]["optional-dependencies"].values() for wish in extra]
    locked = set(re.findall(r"^([a-z0-9._-]+)", LOCK, re.MULTILINE))
    names = {re.split(r"[\[<>=! ]", wish)[0].lower() for wish in wishes}
    assert names - locked == set()


def test_make_alone_lists_every_command() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    told = make().stdout
    assert [line.split()[1] for line in told.splitlines()] == phony[1].split()


def test_an_old_python_is_refused_in_a_clear_line(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    refused = make("check", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert refused.returncode
    assert "Come Watch needs Python 3.11 or newer" in refused.stderr
    assert not (tmp_path / "venv").exists()


def test_the_lock_tool_takes_over_pins_as_they_are() -> None:
    project = "[tool.uv]\nconstraint-dependencies = [\n]\n"
    found = pins("a==1 \\\n    --hash=sha256:00\nb==2 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n")
    assert tomllib.loads(with_pins(project, found))["tool"]["uv"]["constraint-dependencies"] == [
        "a==1",
        "b==2 ; sys_platform == 'win32'",
    ]
