"""The disk under PostgreSQL runs full while phones push, and has room again: a small tmpfs under the instance's database.

Two ways to run full. `data`: no table can grow, the log still has room in its file: pushes fail one by one. `log`: the log cannot
grow either, and PostgreSQL stops itself. Both must heal without anybody's help once there is room.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.chaos.promises import Broken
from tests.chaos.rounds import Storm
from tests.chaos.site import Site, wait_for

SIZE_MB = 320
CANNOT = """THE DISK WAS NOT FILLED. It takes a tmpfs of its own, which only root may mount (mount -t tmpfs failed):
    {complaint}
Run this as root, or in a container that may mount; nothing about full disks was shown here."""


@dataclass
class Filled:
    """What happened while the disk was full: `refusals` are (status, problem, Retry-After) of pushes."""

    way: str
    full_s: float
    """After the first refusal."""
    refusals: dict[tuple[int, str, str], int] = field(default_factory=dict)
    heals_s: float = 0.0
    broken: Broken = field(default_factory=Broken)

    @property
    def is_clear(self) -> bool:
        """Whether pushes were refused, each with the problem that says to come again, and when."""
        return bool(self.refusals) and all(
            status in (503, 507) and problem and after.isdigit() for status, problem, after in self.refusals
        )


class CannotMountError(Exception):
    """There is no small disk to be had here."""


@contextmanager
def small_disk(place: Path, size_mb: int = SIZE_MB) -> Iterator[Path]:
    """A tmpfs at `place` for the length of the block."""
    place.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0755", "chaos", place],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        raise CannotMountError(CANNOT.format(complaint=mounted.stderr.strip()))
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def full(disk: Path) -> Iterator[Callable[[], None]]:
    """Nothing is left on the disk for the length of the block; what it yields fills what was given up since."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:

        def fill_up() -> None:
            for size in (1 << 20, 4096):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass

        fill_up()
        try:
            yield fill_up
        finally:
            ballast.unlink()


def fill_and_free(directory: Path, say: Callable[[str], object], seconds: float = 4.0) -> bool:
    """Both ways on one instance; whether every promise held. Says so loudly where no small disk can be had."""
    home = directory / "full"
    try:
        with small_disk(home / "postgres") as disk:
            say(
                f"Starting an instance whose PostgreSQL has a disk of {SIZE_MB} MB (a tmpfs, mounted by root)."
            )
            site = Site(home)
            try:
                with Storm(site, directory / "phones-of-full") as storm:
                    return all([_told(fill(storm, disk, way, seconds), say) for way in ("data", "log")])
            finally:
                site.close()
    except CannotMountError as cannot:
        say(str(cannot))
        return False


def fill(storm: Storm, disk: Path, way: str, seconds: float) -> Filled:
    """Run full in this way for so long, have room again, and come to rest."""
    with storm.blowing():
        wait_for(storm.ledger.in_flight, "a push")
        storm.ledger.refusals.clear()
        found = Filled(way, seconds)
        with full(disk) as fill_up:
            _until_it_hurts(storm, way, fill_up)
            time.sleep(seconds)
        free = time.monotonic()
        wait_for(lambda: storm.ledger.since(free) is not None, "an acknowledged push once there is room")
        found.heals_s = storm.ledger.since(free) or 0.0
        found.refusals = dict(storm.ledger.refusals)
    found.broken = storm.at_rest()
    return found


def _until_it_hurts(storm: Storm, way: str, fill_up: Callable[[], None]) -> None:
    """Until a push was refused; and where the log shall run full, until it needed its next file and PostgreSQL gave up."""

    def hurts() -> bool:
        fill_up()  # a checkpoint gives old files of the log back: room for minutes of slow pushes
        return bool(storm.ledger.refusals)

    if way == "log":
        wait_for(lambda: not _uses_up_the_log(storm.site), "PostgreSQL's end for want of room for its log")
    wait_for(hurts, "a refusal")


def _uses_up_the_log(site: Site) -> bool:
    """Let the log begin its next file; False when PostgreSQL is down."""
    with suppress(psycopg.OperationalError), site.connect() as connection:
        connection.execute(
            "SELECT pg_logical_emit_message(false, 'chaos', 'something to log'), pg_switch_wal()"
        )
        return True
    return False


def _told(found: Filled, say: Callable[[str], object]) -> bool:
    for (status, problem, after), count in found.refusals.items():
        say(f"  {found.way}: {count} pushes answered {status} {problem}, Retry-After {after or '(none)'}")
    say(
        f"{found.way} full for {found.full_s:.0f} s; first push acknowledged {found.heals_s:.2f} s after there was room"
    )
    lines = found.broken.told() + ([] if found.is_clear else ["no clear refusal"])
    for line in lines:
        say(f"  BROKEN {line}")
    return not lines
