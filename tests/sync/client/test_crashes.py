"""A phone dies between any two steps, or is killed for good: nothing saved is lost, nothing is done twice."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from sync.client import Client
from tests.phones import surroundings
from tests.sync.client.fake_server import FakeServer
from tests.sync.client.fuse import Crash, Fuse, Wired, wire


class World:
    """One server, one phone that may crash, one that does not."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory, self.server, self.fuse, self.opened = directory, FakeServer(), Fuse(), 0
        self.server.codes = {"ANA-CODE": "person-ana", "BEN-CODE": "person-ben"}
        wire(self.fuse, monkeypatch)

    def phone(self, name: str) -> Client:
        self.opened += 1
        around = surroundings(Random(f"{name}-{self.opened}"))
        return Client(
            self.directory / name, network=Wired(self.server, self.fuse), surroundings=around, durable=False
        )

    def day(self, length: int) -> int:
        """A day in which Ana's phone crashes after so many steps; returns how many steps the day had."""
        ben, ana = self.phone("ben"), self.phone("ana")
        ben.sign_in("BEN-CODE")
        ana.sign_in("ANA-CODE")
        ana.put("visits", "visit-0001", {"text": "first"})
        ana.sync()
        ben.sync()
        ben.put("visits", "visit-0001", {"text": "first, said Ben"})
        ben.sync()
        before = self.fuse.steps
        with contextlib.suppress(Crash), self.fuse.lit(length):
            ana.put("visits", "visit-0001", {"text": "Ana: first"})
            ana.put("notes", "note-0001", {"visit_id": "visit-0001", "text": "a note"})
            ana.put("visits", "visit-0002", {"text": "REFUSE me"})
            ana.put("notes", "note-0002", {"visit_id": "visit-9999", "text": "early"})
            self.server.expire()
            ana.sync()
            ana.put("notes", "note-0001", {"text": "a note, longer"})
            ana.sync()
        return self.fuse.steps - before


def steps_of_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    with monkeypatch.context() as patched:
        return World(tmp_path / "count", patched).day(10**6)


def test_a_crash_between_any_two_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = steps_of_a_day(tmp_path, monkeypatch)
    assert steps > 30
    for length in range(steps):
        with monkeypatch.context() as patched:
            survive(World(tmp_path / str(length), patched), length)


def survive(world: World, length: int) -> None:
    world.day(length)
    ana = world.phone("ana")
    typed = {(change.collection, change.id) for change in ana.queue()}
    seen = {name: {record["id"]: record["text"] for record in ana.list(name)} for name in ("visits", "notes")}
    ana.sync()
    assert ana.sync().repeated == ana.pending()  # only what waits for its parent is asked about again
    # whatever was saved before the crash has arrived, once
    for collection, record_id in typed - {("visits", "visit-0002"), ("notes", "note-0002")}:
        assert seen[collection][record_id] in str(world.server.live(collection)[record_id]["text"])
    assert "said Ben" in world.server.live("visits")["visit-0001"]["text"]
    assert all(comparison.equal for comparison in ana.digest_check())
    assert len({change.id for change in ana.queue()} - {"note-0002"}) == 0
    # the words of a refused change are in one place: refused, or never saved
    assert [refused.id for refused in ana.refused()] in ([], ["visit-0002"])
    assert len(world.server.payloads) == len({str(payload) for payload in world.server.payloads.values()})


_TYPES_FOR_EVER = """
import sys
from pathlib import Path
from sync.client import Client

phone = Client(Path(sys.argv[1]))
for number in range(100_000):
    phone.put("notes", f"note-{number % 7:04}", {"text": f"word {number}"})
    print(number, flush=True)
"""


def test_kill_9_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    server = FakeServer()
    server.codes = {"ANA-CODE": "person-ana"}
    with Client(tmp_path, network=server) as phone:
        phone.sign_in("ANA-CODE")
    child = subprocess.Popen(
        [sys.executable, "-c", _TYPES_FOR_EVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) == 60:
            child.send_signal(signal.SIGKILL)
            break
    saved = [60, *(int(line) for line in child.stdout if line.strip())][-1]
    child.stdout.close()
    child.wait()
    with Client(tmp_path, network=server) as phone:
        texts = {note["id"]: int(note["text"].split()[1]) for note in phone.list("notes")}
        phone.sync()
    assert len(texts) == 7
    assert min(texts.values()) >= saved - 6
    assert {i: f"word {n}" for i, n in texts.items()} == {
        i: r["text"] for i, r in server.live("notes").items()
    }
