"""Processes that die with their parent, even when the parent is killed with -9, and stop in order."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1

# Loaded before any fork: loading a library between fork and exec may deadlock.
_prctl: Callable[[int, int], int] | None = getattr(ctypes.CDLL(None), "prctl", None)


class LaunchError(Exception):
    """A server could not be started; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user a child runs as; by default the one we are."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        return None if self.uid is None else []


OURSELVES = Account()


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
            preexec_fn=_dies_with_parent(dies_by),
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
        )


def stop(process: subprocess.Popen[bytes], by: signal.Signals, patience: float) -> None:
    """Ask by signal, wait `patience` seconds, then kill."""
    if process.poll() is not None:
        return
    process.send_signal(by)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, for a message about a child that did not start."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else ""


def _dies_with_parent(by: signal.Signals) -> Callable[[], None]:
    """What the child does between fork and exec. The kernel sends `by` when the forking *thread* ends."""
    parent = os.getpid()

    def bind() -> None:
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, by)
            if os.getppid() != parent:
                os._exit(1)

    return bind
