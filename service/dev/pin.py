"""`make lock`: pins everything that is installed, in `requirements.lock` and in `[tool.uv]`.

The lock carries hashes and no address, so it is good with any index that serves the same files. uv's own
lock names the index and the file hosts of the machine that made it, so it is not kept. The pins in
pyproject give `uv sync` the same versions.

    python -m service.dev.pin            keep the versions, add what is new
    python -m service.dev.pin --upgrade  take the newest versions that fit together
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PYPROJECT = Path("pyproject.toml")
LOCK = Path("requirements.lock")
PINS = re.compile(r"constraint-dependencies = \[\n.*?^\]\n", re.DOTALL | re.MULTILINE)
COMPILE = (
    "uv pip compile --quiet --no-config --universal --generate-hashes --no-header --no-annotate "
    "--extra server --extra local --group dev"
)


def main(*, upgrade: bool) -> None:
    project = PYPROJECT.read_text()
    lock = compiled(project, [] if upgrade else pins(LOCK.read_text()))
    LOCK.write_text(lock)
    PYPROJECT.write_text(with_pins(project, pins(lock)))


def compiled(project: str, kept: list[str]) -> str:
    """What uv resolves; in a directory of its own, so that an old lock is not taken for a wish."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "pyproject.toml").write_text(project)
        # Said again, as without any configuration uv does not read those of pyproject.
        (Path(place) / "kept.txt").write_text("\n".join(kept))
        command = [*COMPILE.split(), "--constraints", "kept.txt", "pyproject.toml"]
        return subprocess.run(command, cwd=place, check=True, stdout=subprocess.PIPE, text=True).stdout


def pins(lock: str) -> list[str]:
    """The requirements of the lock without their hashes."""
    return [line.removesuffix("\\").strip() for line in lock.splitlines() if line[:1].isalnum()]


def with_pins(project: str, found: list[str]) -> str:
    """The text of pyproject with its pins replaced."""
    lines = "".join(f'  "{pin.replace(chr(34), chr(39))}",\n' for pin in found)
    # By a function: a replacement text would have its backslashes read.
    return PINS.sub(lambda _: f"constraint-dependencies = [\n{lines}]\n", project)


if __name__ == "__main__":
    main(upgrade="--upgrade" in sys.argv[1:])
