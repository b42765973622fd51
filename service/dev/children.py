"""Processes that die with their parent, even when the parent is killed with -9, and stop in order."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from service.dev.privileges import OURSELVES, Account, become
from service.process import die_with


class LaunchError(Exception):
    """A server could not be started; the message says what to do."""


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    account: Account = OURSELVES,
    dies_by: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own process group (a ctrl-C in the terminal is for the parent alone)."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(env),
            cwd=cwd,
            process_group=0,
            preexec_fn=_prepare(account, dies_by),
        )


def run_as(account: Account, command: Sequence[str | Path], env: Mapping[str, str]) -> str | None:
    """Run a short command; returns what it complained of when it failed, and None when it did not."""
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env=dict(env),
        cwd="/",
        preexec_fn=_prepare(account, signal.SIGKILL),
    )
    return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else None


def wait_or_kill(process: subprocess.Popen[bytes], patience: float) -> None:
    """Wait `patience` seconds for it to end by itself, then kill it and what it started."""
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, for a message about a child that did not start."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else ""


def _prepare(account: Account, dies_by: signal.Signals) -> Callable[[], None]:
    """What the child does between fork and exec."""
    parent = os.getpid()

    def prepare() -> None:
        become(account)
        # After the change of user, which takes the wish back.
        die_with(parent, dies_by)

    return prepare
