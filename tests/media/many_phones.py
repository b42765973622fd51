"""`python -m tests.media.many_phones`: fifty phones declare 10 GB, and the API's memory stays where it was."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import httpx
import psutil

from service.media.uploads import PART_SIZE
from tests.builders import sign_in
from tests.media.stage import SAID, Stage, servers, standing
from tests.media.world import OLGA

MIB = 1 << 20
AT_ONCE = 8
GROWTH = 1.05
"""Flat is: at the most so much of what it was when every process had answered some of each request."""
LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Weighed:
    """The resident memory of all processes of the API, in bytes: before, the most of the time between, and after."""

    phones: int
    declared: int
    signed: int
    sent: int
    before: int
    most: int
    after: int
    seconds: float

    @property
    def flat(self) -> bool:
        """Whether memory stayed where it was."""
        return self.most < GROWTH * self.before

    def told(self) -> str:
        """The figures, in one line."""
        return (
            f"{self.phones} phones declared {self.declared / 1e9:.2f} GB, {self.signed:,} parts were signed,"
            f" {self.sent / MIB:.0f} MiB sent, in {self.seconds:.1f} s; the API's RSS: {self.before / MIB:.1f} MiB before,"
            f" {self.most / MIB:.1f} at the most, {self.after / MIB:.1f} after"
        )


class Scales:
    """Weighs the API all the time, in a thread."""

    def __init__(self, pid: int) -> None:
        self._api, self.most, self._done = psutil.Process(pid), 0, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def now(self) -> int:
        """All its processes together."""
        return sum(one.memory_info().rss for one in (self._api, *self._api.children(recursive=True)))

    def _run(self) -> None:
        while not self._done.wait(LOOK_EVERY_S):
            self.most = max(self.most, self.now())

    def stop(self) -> int:
        """Weigh no more; the most that was seen."""
        self._done.set()
        self._thread.join(10)
        return self.most


class Phone:
    """One of Olga's phones, as far as the API sees it."""

    def __init__(self, stage: Stage, number: int) -> None:
        token = sign_in(stage.services, stage.tenant_id, OLGA, f"phone-{number:04}")
        self._line = httpx.Client(
            base_url=stage.url, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )
        self._media_id = f"film-of-phone-{number:04}"

    def declare(self, size: int) -> int:
        """Declare a file, begin to send it, and have every part signed; how many there were."""
        about = {"media_type": "video/mp4", "size_bytes": size, "sha256": hashlib.sha256(b"").hexdigest()}
        self._ask("/v1/media", {"id": self._media_id, **SAID, **about})
        plan = self._ask(f"/v1/media/{self._media_id}/upload")
        numbers = range(1, -(-size // plan["part_size"]) + 1)
        for number in numbers:
            self._sign(number)
        return len(numbers)

    def send(self, parts: int) -> int:
        """Send the first parts; how many bytes those were."""
        content = bytes(PART_SIZE)
        for number in range(1, parts + 1):
            signed = self._sign(number)
            httpx.put(signed["url"], headers=signed["headers"], content=content).raise_for_status()
        return parts * PART_SIZE

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _sign(self, number: int) -> Any:
        return self._ask(f"/v1/media/{self._media_id}/upload/parts/{number}", {})

    def _ask(self, path: str, said: Any = None) -> Any:
        return self._line.post(path, json=said).raise_for_status().json()


def weigh(surroundings: Mapping[str, str], place: Path, phones: int, size: int) -> Weighed:
    """Have so many phones declare a file of `size` bytes each, and weigh the API meanwhile."""
    with standing(surroundings, place) as stage, ThreadPoolExecutor(AT_ONCE) as pool:
        assert stage.api.process is not None
        warm = [Phone(stage, 1_000 + number) for number in range(AT_ONCE)]
        list(pool.map(lambda phone: phone.declare(12 * PART_SIZE), warm))
        owners = [Phone(stage, number) for number in range(phones)]
        scales = Scales(stage.api.process.pid)
        began, before = time.monotonic(), scales.now()
        signed = sum(pool.map(lambda phone: phone.declare(size), owners))
        sent = sum(pool.map(lambda phone: phone.send(2), owners[: max(2, phones // 10)]))
        took, most = time.monotonic() - began, scales.stop()
        after = scales.now()
        for phone in (*warm, *owners):
            phone.close()
    return Weighed(phones, phones * size, signed, sent, before, max(most, after), after, took)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--phones", default=50, show_default=True)
@click.option("--size", default=200, show_default=True, help="Of each file, in MB.")
def main(phones: int, size: int) -> None:
    """Declare large files from many phones, and see that the API's memory stays where it was."""
    with servers() as (surroundings, place):
        weighed = weigh(surroundings, place, phones, size * 1_000_000)
    click.echo(weighed.told())
    sys.exit(0 if weighed.flat else 1)


if __name__ == "__main__":
    main()
