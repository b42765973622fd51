"""docs/api.md works as it is printed: curl, Python, JavaScript, and TypeScript with types made of the OpenAPI document."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.accounts import sandbox
from service.accounts.sandbox import Sandbox
from service.app import make_services
from service.dev import programs
from service.dev.ports import free_pair
from service.settings import Settings
from tests.clients.node import commands, libraries
from tests.conftest import environment

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "api.md"
QUESTION = "Who speaks, and for how long do I wait?"
TSCONFIG = """{"compilerOptions": {"strict": true, "noEmit": true, "target": "es2022", "module": "nodenext",
  "allowImportingTsExtensions": true, "skipLibCheck": true, "types": []}, "files": ["doors.ts", "node.d.ts"]}"""
NODE_TYPES = "declare const process: { env: Record<string, string | undefined> };"


def block(language: str) -> str:
    """What the guide prints in this language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.fixture
def surroundings(database_url: str, token_key: str) -> dict[str, str]:
    url = f"http://127.0.0.1:{free_pair()}"
    return {**os.environ, **environment(database_url, token_key), "PUBLIC_URL": url, "LOG_LEVEL": "WARNING"}


@pytest.fixture
def place(surroundings: dict[str, str], tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox on a running server."""
    url = surroundings["PUBLIC_URL"]
    port = int(url.rpartition(":")[2])
    services = make_services(Settings.from_environment(surroundings))
    api = programs.api("127.0.0.1", port, url=url, env=surroundings, logs=tmp_path / "logs")
    try:
        api.start()
        yield sandbox.make(services.database, services.door, "guide", services.now())
    finally:
        api.stop()
        services.database.dispose()


@pytest.fixture
def said(surroundings: dict[str, str], place: Sandbox) -> dict[str, str]:
    """The environment that the guide asks for."""
    return {**surroundings, "SERVER": surroundings["PUBLIC_URL"], "CODE": place.people["observer"][1]}


def run(command: list[str], said: dict[str, str], directory: Path) -> str:
    done = subprocess.run(command, env=said, cwd=directory, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_with_curl(said: dict[str, str], tmp_path: Path) -> None:
    told = run(["sh", "-ec", block("sh")], said, tmp_path)
    assert '"Omar Observer"' in told
    assert QUESTION in told


def test_with_python(said: dict[str, str], tmp_path: Path) -> None:
    told = run([sys.executable, "-c", block("python")], said | {"PYTHONPATH": str(ROOT)}, tmp_path)
    assert QUESTION in told
    assert "sent: 1 waiting: 0" in told


def test_with_javascript(said: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "doors.mjs").write_text(block("js"))
    assert QUESTION in run([*commands()[0], "doors.mjs"], said, tmp_path)


def test_with_types_made_of_the_document(said: dict[str, str], tmp_path: Path) -> None:
    home, (node, _) = libraries(), commands()
    (tmp_path / "node_modules").symlink_to(home / "node_modules")
    tools = home / "node_modules"
    generate = [*node, str(tools / "openapi-typescript" / "bin" / "cli.js")]
    run([*generate, f"{said['SERVER']}/v1/openapi.json", "-o", "api.d.ts"], said, tmp_path)
    (tmp_path / "doors.ts").write_text(block("ts"))
    (tmp_path / "node.d.ts").write_text(NODE_TYPES)
    (tmp_path / "tsconfig.json").write_text(TSCONFIG)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    check = [*node, str(tools / "typescript" / "bin" / "tsc"), "-p", "."]
    run(check, said, tmp_path)
    bundle = [*node, str(tools / "esbuild" / "bin" / "esbuild"), "doors.ts", "--bundle", "--format=esm"]
    run([*bundle, "--platform=node", "--outfile=doors.mjs", "--log-level=error"], said, tmp_path)
    assert QUESTION in run([*node, "doors.mjs"], said, tmp_path)
    (tmp_path / "doors.ts").write_text(block("ts").replace("door.look_for", "door.score"))
    wrong = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert "Property 'score' does not exist" in wrong.stdout
