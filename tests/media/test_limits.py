"""How much one file, one person and one district may store, also when many begin at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import update

from schemas.problems import Problem, Refused
from service.media.limits import MIB
from service.records.media import table as media_table
from service.settings import Settings
from tests.media.world import HANA, OLGA, VISIT, World


@pytest.fixture
def world(settings_with_s3: Settings) -> Iterator[World]:
    world = World(replace(settings_with_s3, media_file_mib=60, media_person_mib=100, media_tenant_mib=150))
    yield world
    world.database.dispose()


def declare(world: World, name: str, mib: int, person_id: str = OLGA) -> str:
    declared = {"media_type": "video/mp4", "size_bytes": mib * MIB, "sha256": "0" * 64}
    world.put(person_id, "media", name, visit_id=VISIT, consent_basis="adults_agreed", **declared)
    return name


def full(world: World, name: str, person_id: str = OLGA) -> Refused | None:
    try:
        world.begin(name, person_id)
    except Refused as refused:
        assert refused.problem is Problem.STORAGE_FULL
        return refused
    return None


def test_a_person_has_her_room(world: World) -> None:
    for number in (1, 2):
        assert full(world, declare(world, f"lesson-{number}", 45)) is None
    told = full(world, declare(world, "lesson-3", 45))
    assert told is not None
    assert told.detail == (
        "Your recordings and photos have 100 MiB of room, 90 MiB are taken, this file needs 45 MiB."
    )
    assert told.extra == {"limit": 100 * MIB, "used": 90 * MIB, "asked": 45 * MIB}
    assert world.state("lesson-3") == ("declared", None)
    assert full(world, declare(world, "lesson-4", 10)) is None


def test_a_district_has_its_room(world: World) -> None:
    for person_id, name in ((OLGA, "lesson-1"), (OLGA, "lesson-2"), (HANA, "lesson-3")):
        assert full(world, declare(world, name, 45, person_id), person_id) is None
    told = full(world, declare(world, "lesson-4", 45, HANA), HANA)
    assert told is not None
    assert told.detail.startswith("Your district has 150 MiB of room, 135 MiB are taken")


def test_what_was_given_up_or_refused_takes_no_room(world: World) -> None:
    for number in (1, 2):
        full(world, declare(world, f"lesson-{number}", 45))
    world.put(OLGA, "media", declare(world, "lesson-0", 45), state="abandoned")
    assert full(world, declare(world, "lesson-3", 45)) is not None
    with world.database.begin(world.tenant_id) as connection:
        connection.execute(
            update(media_table)
            .where(media_table.c.tenant_id == world.tenant_id, media_table.c.id == "lesson-1")
            .values(state="abandoned")
        )
    assert full(world, "lesson-3") is None


def test_ten_at_once_do_not_take_the_same_room(world: World) -> None:
    names = [declare(world, f"lesson-{number}", 30) for number in range(10)]
    with ThreadPoolExecutor(5) as pool:
        refusals = list(pool.map(lambda name: full(world, name), names))
    assert refusals.count(None) == 3


def test_a_recording_has_its_size(world: World) -> None:
    declare(world, "lesson-1", 61)
    with pytest.raises(Refused) as refused:
        world.begin("lesson-1")
    assert refused.value.problem is Problem.TOO_LARGE
    assert refused.value.detail == "At most 60 MiB; this file has 61 MiB."
