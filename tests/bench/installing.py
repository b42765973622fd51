"""The other servers' packages: installed once for each lock, under the bench's own directory."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.clients.node import commands

HERE = Path(__file__).parent
PACKAGES = HERE / "packages"
NPM = ("package.json", "package-lock.json", ".npmrc")


class InstallError(Exception):
    """The packages of a server could not be had."""


def kinto(home: Path) -> Path:
    """The directory of commands of a virtual environment with the pinned Kinto."""
    lock = HERE / "kinto.txt"
    place = home / f"kinto-{_digest([lock])}"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        python = str(place / "bin" / "python")
        if shutil.which("uv"):
            _run(["uv", "venv", "--quiet", "--python", sys.executable, str(place)])
            _run(["uv", "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", str(lock)])
        else:
            _run([sys.executable, "-m", "venv", str(place)])
            _run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)])
        (place / "installed").touch()
    return place / "bin"


def parse(home: Path) -> tuple[list[str], Path]:
    """How to call node, and the directory with the pinned Parse Server and our `parse.mjs`."""
    node, npm = commands()
    place = home / f"parse-{_digest([PACKAGES / name for name in NPM])}"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for name in NPM:
            shutil.copy(PACKAGES / name, place)
        path = f"{Path(node[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        _run([*npm, "ci", "--omit=optional", "--no-progress"], place, os.environ | {"PATH": path})
        (place / "installed").touch()
    shutil.copy(PACKAGES / "parse.mjs", place)
    return node, place


def _digest(files: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _run(command: Sequence[str], cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        raise InstallError(
            f"{' '.join(command)} failed (is the package index reachable?):\n{done.stderr[-2000:]}\n"
            "Without it: make bench ONLY=ours"
        )
