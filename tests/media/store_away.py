"""`python -m tests.media.store_away --seconds 60`: the object store falls silent, and only uploads feel it."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click
import httpx

from service.media.record import raw_key
from service.media.store import AbsentError
from sync.client import Client, Surroundings
from sync.client import Stage as How
from tests.builders import sign_in
from tests.links import Gate
from tests.media.bad_link import MIB, film
from tests.media.stage import SAID, Stage, servers, standing
from tests.media.world import HANA, OLGA, VISIT

CALLERS = 4
EVERY_S = 0.05
ARRIVES_WITHIN_S = 180.0
TWICE = 2.0


@dataclass(frozen=True, slots=True)
class Away:
    """How long other calls took before and while it was away, in seconds, and what became of the uploads."""

    seconds: float
    before: Sequence[float]
    meanwhile: Sequence[float]
    failed: int
    claimed: int
    missing: Sequence[str]
    arrived: int
    of: int
    after_s: float

    @property
    def sound(self) -> bool:
        """Whether nothing was claimed that is not there, everything arrived in the end, and no other call failed."""
        return not self.missing and self.arrived == self.of and not self.failed

    @property
    def calm(self) -> bool:
        """Whether other calls' p99 stayed within twice what it was."""
        return _p99(self.meanwhile) <= TWICE * _p99(self.before)

    def told(self) -> str:
        """The figures, in one line."""
        spreads = (
            f"{name} p50 {statistics.median(took) * 1e3:.1f} ms, p99 {_p99(took) * 1e3:.1f} ms ({len(took):,} calls)"
            for name, took in (("before", self.before), ("meanwhile", self.meanwhile))
        )
        return (
            f"the store was away for {self.seconds:.0f} s; other calls: {'; '.join(spreads)}; {self.failed} failed;"
            f" {self.claimed} records claimed a file while it was away, {len(self.missing)} of them without one;"
            f" {self.arrived} of {self.of} uploads arrived, the last {self.after_s:.1f} s after it was back"
        )


def _p99(took: Sequence[float]) -> float:
    return statistics.quantiles(took, n=100)[98]


class Callers:
    """People who take notes and read all the while: each pushes a note and pulls, over and over."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._done, self.failed = stage, threading.Event(), 0
        self.took: list[tuple[float, float]] = []  # when it began, and how long it took
        self._threads = [threading.Thread(target=self._call, args=(n,), daemon=True) for n in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _call(self, number: int) -> None:
        token = sign_in(self._stage.services, self._stage.tenant_id, OLGA, f"caller-{number:04}")
        with httpx.Client(base_url=self._stage.url, headers={"Authorization": f"Bearer {token}"}) as line:
            turn = 0
            while not self._done.wait(EVERY_S):
                turn += 1
                note = {"visit_id": VISIT, "note_kind": "noticing", "text": f"word {turn}"}
                change = {"op_id": f"op-{number}-{turn:06}", "collection": "notes", "fields": note}
                change |= {"id": f"note-{number}-{turn:06}", "base_seq": None}
                self._timed(lambda said: line.post("/v1/sync/push", json=said), {"changes": [change]})
                self._timed(lambda said: line.post("/v1/sync/pull", json=said), {"cursor": None, "limit": 50})

    def _timed(self, call: Callable[[object], httpx.Response], said: object) -> None:
        began = time.monotonic()
        try:
            call(said).raise_for_status()
        except httpx.HTTPError:
            self.failed += 1
        self.took.append((began, time.monotonic() - began))

    def between(self, start: float, end: float) -> list[float]:
        """How long the calls took that began in this time."""
        return [took for began, took in self.took if start <= began < end]

    def stop(self) -> None:
        """Call no more."""
        self._done.set()
        for thread in self._threads:
            thread.join(60)


def be_away(surroundings: Mapping[str, str], place: Path, seconds: float, files: int, size: int) -> Away:
    """Let the store fall silent for so long while phones upload; before that, the same for as long with the store there."""
    with ExitStack() as stack:
        gate = stack.enter_context(Gate(surroundings["S3_ENDPOINT"]))
        stage = stack.enter_context(
            standing(surroundings, place, S3_ENDPOINT=gate.url, S3_PUBLIC_ENDPOINT=gate.url)
        )
        phones = [
            stack.enter_context(stage.phone(f"phone-{n}", Surroundings(random=Random(n)), one))
            for n, one in enumerate((OLGA, HANA))
        ]
        callers = Callers(stage)
        stack.callback(callers.stop)
        began = time.monotonic()
        _attach(phones, place, files, size)
        for phone in phones:
            stack.enter_context(phone.uploading(every=0.5))
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        _attach(phones, place, files, size)
        gate.shut()
        shut = time.monotonic()
        time.sleep(seconds)
        claimed, missing = _claims(stage, phones)
        opened = time.monotonic()
        gate.open()
        arrived = _until_arrived(phones, 4 * files)
        return Away(
            seconds,
            callers.between(began, shut),
            callers.between(shut, opened),
            callers.failed,
            claimed,
            missing,
            arrived,
            4 * files,
            time.monotonic() - opened,
        )


def _attach(phones: Sequence[Client], place: Path, files: int, size: int) -> None:
    """Every second file is small: it goes in one piece, not in parts."""
    for number in range(files):
        path = place / f"lesson-{number}.mp4"
        if not path.exists():
            film(path, MIB if number % 2 else size, number)
        for phone in phones:
            phone.attach(path, SAID)


def _claims(stage: Stage, phones: Sequence[Client]) -> tuple[int, list[str]]:
    """How many records say that their file arrived; those of which the store has none."""
    claimed = []
    for phone in phones:
        phone.sync()
        mine = [media for media in phone.list("media") if media["created_by"] == phone.person_id]
        claimed += [media["id"] for media in mine if media["state"] not in ("declared", "uploading")]
    return len(claimed), [media_id for media_id in claimed if not _is_there(stage, media_id)]


def _is_there(stage: Stage, media_id: str) -> bool:
    try:
        return stage.store.size(raw_key(stage.tenant_id, media_id)) > 0
    except AbsentError:
        return False


def _until_arrived(phones: Sequence[Client], wanted: int) -> int:
    end, arrived = time.monotonic() + ARRIVES_WITHIN_S, 0
    while arrived < wanted and time.monotonic() < end:
        time.sleep(0.2)
        arrived = sum(one.stage is How.SENT for phone in phones for one in phone.uploads())
    return arrived


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seconds", default=60, show_default=True, help="How long the store is away.")
@click.option(
    "--files", default=3, show_default=True, help="That each of two phones has, before and meanwhile."
)
@click.option("--size", default=30, show_default=True, help="Of the large ones, in MiB.")
def main(seconds: int, files: int, size: int) -> None:
    """Take the object store away while two phones upload and four people take notes."""
    with servers() as (surroundings, place):
        away = be_away(surroundings, place, seconds, files, size * MIB)
    click.echo(away.told())
    sys.exit(0 if away.sound and away.calm else 1)


if __name__ == "__main__":
    main()
