"""A Node process with a phone in it, spoken to in lines of JSON: `{"do": "put", ...}` in, `{"gives": ...}` out.

The script beside this file names its commands; a driver is the same for every library.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.clients import node

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
PATIENCE = 120.0
_CODE = re.compile(r"^```js\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Failed(Exception):
    """A command failed in the other process; its words are JavaScript's."""


def guide(page: str) -> list[str]:
    """The blocks of JavaScript that a guide prints, as they stand: the client, then what an app may add."""
    return _CODE.findall((DOCS / page).read_text())


class Driver:
    """One Node process running `script`, with a guide's `code` beside it as `guide.mjs`."""

    def __init__(self, directory: Path, script: str, code: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "node_modules").symlink_to(node.libraries() / "node_modules")
        (directory / "guide.mjs").write_text(code)
        for part in (script, "lines.mjs"):
            shutil.copy(HERE / part, directory)
        command, _ = node.commands()
        self.errors = directory / "errors.txt"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [*command, script],
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def do(self, command: str, **options: Any) -> Any:
        """What one command gives; Failed when it does not, or takes too long."""
        assert self.process.stdin
        assert self.process.stdout
        watch = threading.Timer(PATIENCE, self.process.kill)
        watch.start()
        try:
            self.process.stdin.write(json.dumps({"do": command, **options}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        if not line:
            raise Failed(f"{command} {options} ended the process: {self.errors.read_text()[-2000:]}")
        answer = json.loads(line)
        if "fails" in answer:
            raise Failed(f"{command} {options}: {answer['fails']}")
        return answer.get("gives")

    @property
    def lives(self) -> bool:
        """Whether the process is there to be told anything."""
        return self.process.poll() is None

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        assert self.process.stdout
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Pool:
    """Node processes of one script, each with one phone at a time: RxDB opens 16 collections in a process and no more."""

    def __init__(self, directory: Path, script: str, code: str) -> None:
        self.directory, self.script, self.code = directory, script, code
        self.all: list[Driver] = []
        self.idle: list[Driver] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for driver in self.all:
            driver.close()

    def take(self) -> Driver:
        """A process without a phone."""
        if not self.idle:
            self.all.append(Driver(self.directory / str(len(self.all)), self.script, self.code))
            self.idle.append(self.all[-1])
        return self.idle.pop()

    def give_back(self, driver: Driver) -> None:
        """Its phone was closed."""
        self.idle.append(driver)
