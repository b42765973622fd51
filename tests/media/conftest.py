"""A visit of Hana's lesson, on a real PostgreSQL and a real object store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.settings import Settings
from tests.media.world import World


@pytest.fixture
def world(settings_with_s3: Settings) -> Iterator[World]:
    world = World(settings_with_s3)
    yield world
    world.database.dispose()
