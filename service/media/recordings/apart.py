"""A step in a process of its own: `python -m service.media.recordings.apart`, started by `run`.

Decoders have faults, so it has bounded memory, time and disk, no network, none of the service's secrets, and gives way to
everything else on the machine. It ends with its worker, and everything that it started ends with it.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import SIGKILL, SIGXCPU
from typing import IO, Any

from service.media.reasons import UnfitError
from service.process import CRASHES, die_with

MEMORY = 4 << 30
OPEN_FILES = 256
PATIENCE = 24 * 3600.0
TICK = 0.5
UNFIT, FULL = 3, 4
_NEW_USER_AND_NETWORK = 0x10000000 | 0x40000000

Watch = Callable[[int], None]
"""Is told the percentage every half second; what it raises ends the step."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of processor, bytes of any one file; `last` gives way to everything, as what nobody waits for does."""

    cpu_seconds: int
    file_bytes: int
    last: bool = False


def run(step: str, source: Path, limits: Limits, watch: Watch, **arguments: Any) -> dict[str, Any]:
    """Do a step of `steps` with the file `source`, in the directory in which it lies; returns what was made.

    Raises UnfitError, whatever `watch` raises, and OSError when the process was stopped from outside.
    """
    task = {"parent": os.getpid(), "step": step, "limits": asdict(limits), "arguments": arguments}
    command = [sys.executable, "-m", "service.media.recordings.apart", str(source), json.dumps(task)]
    with (source.parent / "apart.log").open("wb+") as log, _running(command, log) as process:
        last = _heard(process, watch)
        code = process.wait()
        if code == UNFIT:
            raise UnfitError(last["unfit"])
        if code == -SIGXCPU:
            raise UnfitError("too_slow")
        if code in CRASHES:
            raise UnfitError("unreadable")
        if code:
            log.seek(0)
            raise OSError(f"{step} of a recording ended with {code}: {log.read()[-500:]!r}")
    made: dict[str, Any] = last["made"]
    return made


@contextmanager
def _running(command: list[str], log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True, env={}
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _heard(process: subprocess.Popen[bytes], watch: Watch) -> dict[str, Any]:
    """The last thing it says."""
    assert process.stdout is not None
    said: dict[str, Any] = {}
    percent, rest, ends = 0, b"", time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            watch(percent)
            if time.monotonic() > ends:
                raise UnfitError("too_slow")
            if not selector.select(TICK):
                continue
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                return said
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                said = json.loads(line)
                percent = said.get("percent", percent)


def confine(parent: int, limits: Limits) -> None:
    """Take from this process what it does not need."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 5))
    os.nice(19 if limits.last else 10)
    if limits.last and hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # its disk gives way by this too
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # the first to go when memory is short
    _leave_the_network()
    die_with(parent)


def _leave_the_network() -> bool:
    """Into a network of its own, where nobody is; not every machine lets one do so unprivileged."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    return unshare is not None and unshare(_NEW_USER_AND_NETWORK) == 0


def _say(**words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


class _Percent:
    """Says each percentage once."""

    def __init__(self) -> None:
        self.said = 0

    def __call__(self, percent: int) -> None:
        if percent > self.said:
            self.said = percent
            _say(percent=percent)


def _main(source: Path, task: dict[str, Any]) -> int:
    confine(task["parent"], Limits(**task["limits"]))
    from service.media.recordings import steps  # the decoders, once they can do no harm

    os.chdir(source.parent)
    try:
        _say(made=getattr(steps, task["step"])(source, **task["arguments"], percent=_Percent()))
    except UnfitError as fault:
        _say(unfit=fault.reason)
        return UNFIT
    except MemoryError:
        _say(unfit="too_complex")
        return UNFIT
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), json.loads(sys.argv[2])))
