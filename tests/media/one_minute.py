"""`python -m tests.media.one_minute`: a minute of 720p from complete to all that is made of it, and what phones feel meanwhile.

Starts an instance as `make run` does. The seconds are true on a quiet machine only; processor seconds are on any.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psycopg

from service.accounts import sessions
from service.accounts.tokens import Tokens
from sync.clock import system_now
from tests.chaos.site import Site
from tests.media import films
from tests.media.world import HANA, NINA, OLGA, World

ID = "one-minute-of-a-lesson"
PHONES, EVERY_S, BEFORE_S = 5, 0.25, 20.0
"""So many phones pull, each so often: twenty a second."""
SECONDS = 60
TICK = os.sysconf("SC_CLK_TCK")
SOON_S, TIMES = 5.0, 2.0


class Phones:
    """Colleagues who pull while the film is made; how long each answer took, and when it came."""

    def __init__(self, port: int, tokens: list[str]) -> None:
        self.port, self.stopped = port, threading.Event()
        self.took: list[tuple[float, float]] = []
        self.threads = [threading.Thread(target=self._pull, args=(token,)) for token in tokens]
        for thread in self.threads:
            thread.start()
            time.sleep(EVERY_S / PHONES)

    def _pull(self, token: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        cursor = None
        while not self.stopped.wait(EVERY_S):
            began = time.perf_counter()
            connection.request("POST", "/v1/sync/pull", json.dumps({"cursor": cursor}), headers)
            answer = connection.getresponse()
            page = answer.read()
            self.took.append((time.perf_counter(), time.perf_counter() - began))
            assert answer.status == 200, page
            cursor = json.loads(page)["cursor"]
        connection.close()

    def between(self, began: float, ended: float) -> list[float]:
        """The milliseconds of answers that came in this time."""
        return sorted(took * 1000 for at, took in self.took if began <= at <= ended)

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def cpu_seconds(pid: int) -> float:
    """Of a process and all its children that have ended."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / TICK


def token(world: World, person_id: str, number: int) -> str:
    whose = (world.tenant_id, person_id, (f"phone-{number}", "one minute"))
    with world.database.begin(world.tenant_id) as connection:
        return sessions.open_on(connection, Tokens(world.settings), *whose, system_now()).access_token


def complete(port: int, bearer: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    connection.request("POST", f"/v1/media/{ID}/complete", b'{"parts": []}', headers)
    answer = connection.getresponse()
    assert answer.status == 202, answer.read()
    connection.close()


class Record:
    """What the record says, asked beside the API."""

    def __init__(self, world: World) -> None:
        conninfo = world.settings.database_owner_url.replace("+psycopg", "")
        self.connection = psycopg.connect(conninfo, autocommit=True)

    def until(self, condition: str) -> float:
        """The moment at which it holds."""
        query = f"SELECT {condition}, state, reason FROM media WHERE id = %s"
        while True:
            found = self.connection.execute(query.encode(), [ID]).fetchone()
            assert found is not None
            assert found[1] != "quarantined", found
            if found[0]:
                return time.perf_counter()
            time.sleep(0.02)


def main() -> int:
    film = films.mp4(SECONDS, "1280x720")
    home = Path(tempfile.mkdtemp(prefix="comewatch-minute-"))
    site = Site(home / "instance")
    try:
        world = World(site.running.settings)
        return _measure(site, world, film)
    finally:
        site.close()
        shutil.rmtree(home, ignore_errors=True)


def _measure(site: Site, world: World, film: bytes) -> int:
    media = world.declare(ID, film, "video/mp4", consent_basis="adults_agreed")
    world.store.put(media.raw_key, film, "video/mp4")
    people = [HANA, OLGA, NINA, HANA, OLGA]
    phones = Phones(site.running.port, [token(world, one, number) for number, one in enumerate(people)])
    worker = site.running.oldest("service.worker")
    assert worker is not None
    record, bearer = Record(world), token(world, OLGA, PHONES)
    try:
        time.sleep(2)
        quiet = time.perf_counter()
        time.sleep(BEFORE_S)
        spent, began = cpu_seconds(worker), time.perf_counter()
        complete(site.running.port, bearer)
        playable = record.until("state = 'ready'")
        spent_playable = cpu_seconds(worker)
        whole = record.until("progress = 100")
        time.sleep(1)
        spent_whole = cpu_seconds(worker)
    finally:
        phones.stop()
    return _told(
        {
            "film": f"{SECONDS} s of 1280x720, {len(film) / 1e6:.1f} MB",
            "load": os.getloadavg()[0],
            "playable_s": playable - began,
            "whole_s": whole - began,
            "playable_cpu_s": spent_playable - spent,
            "whole_cpu_s": spent_whole - spent,
            "before": phones.between(quiet, began),
            "until playable": phones.between(began, playable),
            "afterwards": phones.between(playable, whole),
            "meanwhile": phones.between(began, whole),
        }
    )


def _told(found: dict[str, Any]) -> int:
    before, meanwhile = p99(found["before"]), p99(found["meanwhile"])
    print(f"film                 {found['film']}; load of the machine {found['load']:.1f}")
    print(f"complete to playable {found['playable_s']:.2f} s   (to show: under {SOON_S:.0f} s)")
    print(f"                     {found['playable_cpu_s']:.2f} processor seconds")
    print(f"complete to whole    {found['whole_s']:.1f} s    (to show: under {SECONDS} s)")
    print(f"                     {found['whole_cpu_s']:.1f} processor seconds")
    for name in ("before", "until playable", "afterwards", "meanwhile"):
        values = found[name]
        print(
            f"pulls {name:14} p50 {statistics.median(values):.1f} ms, p99 {p99(values):.1f} ms, most {values[-1]:.0f} ms, {len(values)} of them"
        )
    print(f"p99 meanwhile        {meanwhile / before:.2f} times that before   (to show: at most {TIMES:.0f})")
    good = found["playable_s"] < SOON_S and found["whole_s"] < SECONDS and meanwhile <= TIMES * before
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
