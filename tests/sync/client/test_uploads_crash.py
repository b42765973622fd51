"""A phone that sends files dies at any step: later another program goes on, and no byte that arrived comes again."""

from __future__ import annotations

import contextlib
from pathlib import Path
from random import Random

import pytest

from sync.client import Client, Stage
from tests.phones import surroundings
from tests.sync.client.fake_server import FakeServer
from tests.sync.client.fuse import Crash, Fuse, Wired, WiredStore, wire

FILES = {"board.jpg": Random(1).randbytes(700), "lesson.mp4": Random(2).randbytes(2_300)}
SAID = {"visit_id": "visit-0001", "consent_basis": "nobody_shown"}


class World:
    """A server, its store, and a phone that may die. The store watches that nothing comes twice."""

    def __init__(self, directory: Path, patched: pytest.MonkeyPatch) -> None:
        self.directory, self.server, self.fuse = directory, FakeServer(), Fuse()
        self.server.codes = {"ANA-CODE": "person-ana"}
        directory.mkdir()
        for name, content in FILES.items():
            (directory / name).write_bytes(content)
        wire(self.fuse, patched)

    def phone(self, name: str) -> Client:
        return Client(
            self.directory / "ana",
            network=Wired(self.server, self.fuse),
            storage=WiredStore(self.server.store, self.fuse),
            surroundings=surroundings(Random(name)),
            durable=False,
        )

    def day(self, length: int) -> int:
        """Two files are attached and sent, and the phone dies after so many steps; how many steps the day had."""
        ana = self.phone("first")
        ana.sign_in("ANA-CODE")
        before = self.fuse.steps
        with contextlib.suppress(Crash), self.fuse.lit(length):
            for name in FILES:
                ana.attach(self.directory / name, SAID)
            ana.upload()
        return self.fuse.steps - before


def test_a_crash_between_any_two_steps(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        steps = World(tmp_path / "count", patched).day(10**6)
    assert steps > 40
    for length in range(steps):
        with pytest.MonkeyPatch.context() as patched:
            survive(World(tmp_path / str(length), patched), length)


def survive(world: World, length: int) -> None:
    world.day(length)
    ana = world.phone("second")
    attached = {one.media_id: one.path.name for one in ana.uploads()}
    assert [media["id"] for media in ana.list("media")] == sorted(attached)
    ana.upload()
    assert {one.stage for one in ana.uploads()} <= {Stage.SENT}
    assert world.server.store.objects == {media: FILES[name] for media, name in attached.items()}
