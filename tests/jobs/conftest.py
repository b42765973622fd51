"""Jobs stand on the same world as photos do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.settings import Settings
from service.worker import Worker
from tests.media.world import World


@pytest.fixture
def world(settings_with_s3: Settings) -> Iterator[World]:
    world = World(settings_with_s3)
    yield world
    world.database.dispose()


@pytest.fixture
def worker_of(world: World) -> Worker:
    """The worker's tasks over that world, to be called one by one."""
    return Worker(world.settings, world.database, world.door, world.store, lambda: world.now)
