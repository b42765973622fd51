"""A school in which Olga has said, drafted, changed and photographed what nobody else ever says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from service.media.patience import WORKER
from service.media.store import Store
from service.settings import Settings
from tests.media.world import World
from tests.portability.school import live
from tests.servers import Answer, s3_client


@pytest.fixture
def world(settings_with_s3: Settings, s3: Answer) -> Iterator[World]:
    """On a bucket that keeps every version."""
    world = World(settings_with_s3)
    client, name = s3_client(s3), f"versioned-{world.tenant_id.hex[:12]}"
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    world.settings = replace(world.settings, s3_bucket=name)
    world.store = Store(world.settings, WORKER)
    try:
        live(world)
        yield world
    finally:
        world.store.erase_below("")
        client.delete_bucket(Bucket=name)
        world.database.dispose()
