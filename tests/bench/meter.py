"""What a server costs: processor seconds and resident memory of a process with all its children, ended ones too."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

EVERY_S = 0.1
MEGABYTE = 2**20
PROCESSORS = psutil.cpu_count() or 1


@dataclass(slots=True)
class Cost:
    """Processor seconds of the server, PostgreSQL, the load and all other programs, in so many seconds of the clock.

    `memory_mb` is the server's largest resident memory, shared pages counted in each of its processes.
    """

    server_s: float = 0.0
    postgres_s: float = 0.0
    load_s: float = 0.0
    others_s: float = 0.0
    seconds: float = 0.0
    memory_mb: float = 0.0

    @property
    def ours_s(self) -> float:
        """What the work itself took of the processors."""
        return self.server_s + self.postgres_s + self.load_s


@dataclass(slots=True)
class _Peak:
    roots: Sequence[int]
    bytes: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.ended.is_set():
            self.bytes = max(self.bytes, sum(map(resident, self.roots)))
            self.ended.wait(EVERY_S)


@contextmanager
def metered(server: Sequence[int], postgres: int) -> Iterator[Cost]:
    """Fill a `Cost` with what happens inside the block. `server` and `postgres` are the pids at the top."""
    cost, peak = Cost(), _Peak(server)
    watcher = threading.Thread(target=peak.watch, daemon=True)
    watcher.start()
    before, began = _times(server, postgres), time.perf_counter()
    try:
        yield cost
    finally:
        spent = [after - begun for after, begun in zip(_times(server, postgres), before, strict=True)]
        cost.server_s, cost.postgres_s, cost.load_s = spent[:3]
        cost.others_s, cost.seconds = max(0.0, spent[3] - sum(spent[:3])), time.perf_counter() - began
        peak.ended.set()
        watcher.join()
        cost.memory_mb = peak.bytes / MEGABYTE


def _times(server: Sequence[int], postgres: int) -> list[float]:
    """Seconds so far: server, PostgreSQL, load, and whatever kept this machine's processors from being idle."""
    machine = psutil.cpu_times()
    busy = sum(machine) - machine.idle - getattr(machine, "iowait", 0.0) - getattr(machine, "guest", 0.0)
    load = processor(os.getpid(), children=False)
    return [sum(map(processor, server)), processor(postgres), load, busy]


def tree(pid: int) -> list[psutil.Process]:
    """A process and all that it started, and those started."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def processor(pid: int, *, children: bool = True) -> float:
    """Seconds of user and system time so far; a parent's times hold those of children that have ended."""
    total = 0.0
    for process in tree(pid) if children else [psutil.Process(pid)]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
            total += (times.children_user + times.children_system) if children else 0.0
    return total


def resident(pid: int) -> int:
    """Bytes of resident memory, shared pages counted in each process."""
    total = 0
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total
