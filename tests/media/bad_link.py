"""`python -m tests.media.bad_link --size 300 --deaths 30`: a file goes up over a link that dies over and over."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click

from sync.client import Stage as How
from sync.client import Surroundings
from tests.links import Dying
from tests.media.stage import SAID, servers, standing

MIB = 1 << 20
HASTE = 20
"""How many times quicker the phone's waits pass."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of it: requests by what became of them, and whether the store has what the phone had."""

    size: int
    parts: int
    deaths: Mapping[str, int]
    requests: int
    again_kept: int
    again_told: int
    passed: int
    same: bool
    seconds: float
    cpu_seconds: float

    @property
    def sound(self) -> bool:
        """Whether the file is there, and nothing came twice."""
        return self.same and not self.again_kept and not self.again_told

    def told(self) -> str:
        """The figures, in one line."""
        died = ", ".join(f"{count} {where}" for where, count in sorted(self.deaths.items()))
        return (
            f"{self.size / MIB:.0f} MiB in {self.parts} parts; the link died {sum(self.deaths.values())} times ({died});"
            f" {self.requests} PUTs, {self.passed / MIB:.1f} MiB on the wire; again though the store had it: {self.again_kept},"
            f" again though acknowledged: {self.again_told}; sha256 {'equal' if self.same else 'DIFFERS'};"
            f" {self.seconds:.1f} s, {self.cpu_seconds:.1f} s of processor here"
        )


def film(path: Path, size: int, seed: int) -> str:
    """Make a file of random bytes; its SHA-256."""
    chance, sum_ = Random(seed), hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, size, MIB):
            piece = chance.randbytes(min(MIB, size - start))
            sum_.update(piece)
            file.write(piece)
    return sum_.hexdigest()


def hasty(seed: int) -> Surroundings:
    """A phone's time, in which waits are short."""
    return Surroundings(sleep=lambda seconds: time.sleep(seconds / HASTE), random=Random(seed))


def carry(surroundings: Mapping[str, str], place: Path, size: int, deaths: int, seed: int) -> Carried:
    """Send one file of `size` bytes over such a link."""
    sha256 = film(place / "lesson.mp4", size, seed)
    with (
        Dying(surroundings["S3_ENDPOINT"], size, deaths, seed) as link,
        standing(surroundings, place, S3_PUBLIC_ENDPOINT=link.url) as stage,
        stage.phone("phone", hasty(seed)) as phone,
    ):
        media_id = phone.attach(place / "lesson.mp4", SAID)
        began, cpu = time.monotonic(), time.process_time()
        (one,) = phone.upload()
        took, cpu = time.monotonic() - began, time.process_time() - cpu
        assert one.stage is How.SENT, one
        there = hashlib.sha256()
        for piece in stage.raw(media_id):
            there.update(piece)
        return Carried(
            size,
            len(link.kept),
            dict(link.died),
            link.began.total(),
            link.again_kept,
            link.again_told,
            link.passed,
            there.hexdigest() == sha256,
            took,
            cpu,
        )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--size", default=300, show_default=True, help="Of the file, in MiB.")
@click.option("--deaths", default=30, show_default=True, help="Of the link.")
@click.option("--seed", default=1, show_default=True, help="Chooses where it dies.")
def main(size: int, deaths: int, seed: int) -> None:
    """Send a file over a link that dies, and see that it arrives whole and that nothing arrives twice."""
    with servers() as (surroundings, place):
        carried = carry(surroundings, place, size * MIB, deaths, seed)
    click.echo(carried.told())
    sys.exit(0 if carried.sound else 1)


if __name__ == "__main__":
    main()
