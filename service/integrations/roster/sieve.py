"""A roster read in a process of its own: the zip goes in by a pipe, and nobody but staff comes out.

So the zip lies on no disk, and a hard one costs this process, and no answer of the API's, its time and memory.
`python -m service.integrations.roster.sieve` is that process.
"""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
from dataclasses import asdict
from datetime import date
from typing import Any

import orjson

from schemas.problems import Problem, Refused
from service.integrations.roster.district import Known
from service.integrations.roster.findings import Fault, Findings
from service.integrations.roster.reading import read
from service.integrations.roster.words import Roster

LONGEST_S = 120
"""Of processor time; a district of 50,000 students and 250,000 enrollments takes some five."""
MOST_MEMORY = 2**30
GIVES_WAY = 10
TOO_HARD = 3
COMMAND = ("-m", __name__)
_SAID = "Reading it takes more time or memory than there is: export fewer files, or send staff alone."


def strain(zip_: bytes, known: Known, today: date, order: str | None) -> tuple[Roster, Findings]:
    """What `read` makes of the zip. Raises Refused(TOO_LARGE) where it is too hard to read."""
    about = {"schools": sorted(known.schools), "people": sorted(known.people), "today": today, "order": order}
    done = subprocess.run(
        [sys.executable, *COMMAND],
        input=orjson.dumps(about) + b"\n" + zip_,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could cite what a cell holds
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    if done.returncode in (TOO_HARD, -signal.SIGXCPU, -signal.SIGKILL):
        raise Refused(Problem.TOO_LARGE, _SAID)
    if done.returncode:
        raise RuntimeError(f"the reader of rosters ended with {done.returncode}")
    return opened(done.stdout)


def opened(kept: bytes) -> tuple[Roster, Findings]:
    """The roster and the findings that `packed` put away."""
    said = orjson.loads(kept)
    found = said["findings"]
    faults = [Fault(**fault) for fault in found.pop("faults")]
    return Roster.of(said["roster"]), Findings(faults, **found)


def packed(roster: Roster, findings: Findings) -> bytes:
    """Both as JSON: staff and their schools, and nothing that cites a cell of anybody else."""
    said: dict[str, Any] = {"roster": roster.document(), "findings": asdict(findings)}
    return orjson.dumps(said)


def main() -> int:
    """Read what stands in the standard input; within bounds, and giving way to everybody else."""
    os.nice(GIVES_WAY)
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_S, LONGEST_S + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    try:
        about = orjson.loads(sys.stdin.buffer.readline())
        known = Known(frozenset(about["schools"]), frozenset(about["people"]))
        zip_ = io.BytesIO(sys.stdin.buffer.read())
        found = read(zip_, known, date.fromisoformat(about["today"]), about["order"])
        sys.stdout.buffer.write(packed(*found))
    except MemoryError:
        return TOO_HARD
    return 0


if __name__ == "__main__":
    sys.exit(main())
