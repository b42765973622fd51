"""Files go up over links that die, from programs that are killed, past a store that falls silent: whole, and once."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from service.media.uploads import PART_SIZE
from sync.client import Stage
from tests.conftest import environment
from tests.links import Dying
from tests.media.bad_link import MIB, carry, film, hasty
from tests.media.many_phones import weigh
from tests.media.stage import SAID, standing
from tests.media.store_away import be_away
from tests.servers import Answer

SEED = 7
KILLS = 4


@pytest.fixture
def surroundings(database_url: str, token_key: str, s3: Answer) -> dict[str, str]:
    return environment(database_url, token_key, s3)


def test_a_link_that_dies_costs_no_part_twice(surroundings: Mapping[str, str], tmp_path: Path) -> None:
    carried = carry(surroundings, tmp_path, 60 * MIB, deaths=12, seed=SEED)
    assert sum(carried.deaths.values()) == 12
    assert min(carried.deaths.values()) > 0
    assert carried.sound, carried.told()


def test_a_client_that_is_killed_goes_on_where_it_was(
    surroundings: Mapping[str, str], tmp_path: Path
) -> None:
    size, path = 45 * MIB, tmp_path / "lesson.mp4"
    sha256 = film(path, size, SEED)
    with (
        Dying(surroundings["S3_ENDPOINT"], size, 0, SEED, pause_s=0.002) as link,
        standing(surroundings, tmp_path, S3_PUBLIC_ENDPOINT=link.url) as stage,
    ):
        with stage.phone("phone", hasty(SEED)) as phone:
            media_id = phone.attach(path, SAID)
        command = [sys.executable, "-m", "sync.client.cli", "--home", str(tmp_path / "phone"), "upload"]
        for kill in range(1, KILLS + 1):
            program = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL)
            while link.passed < 2 * kill * PART_SIZE + MIB // 4:  # early in a part
                assert program.poll() is None, "it ended before it was killed"
                time.sleep(0.002)
            program.kill()
            program.wait()
        done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
        assert "lesson.mp4: sent, being checked" in done.stdout
        assert hashlib.sha256(b"".join(stage.raw(media_id))).hexdigest() == sha256
    assert (link.again_kept, link.again_told) == (0, 0)
    assert len(link.kept) < link.began.total() <= len(link.kept) + KILLS


def test_memory_does_not_grow_with_what_is_declared(surroundings: Mapping[str, str], tmp_path: Path) -> None:
    weighed = weigh(surroundings, tmp_path, phones=6, size=100_000_000)
    assert (weighed.phones, weighed.signed) == (6, 6 * 20)
    assert weighed.flat, weighed.told()


def test_while_the_store_is_silent_nothing_is_claimed_and_all_else_goes_on(
    surroundings: Mapping[str, str], tmp_path: Path
) -> None:
    away = be_away(surroundings, tmp_path, seconds=4, files=2, size=12 * MIB)
    assert away.sound, away.told()
    assert away.meanwhile


def test_that_a_file_arrived_stands_in_its_record_after_the_next_sync(
    surroundings: Mapping[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "board.jpg"
    film(path, MIB, SEED)
    with standing(surroundings, tmp_path) as stage, stage.phone("phone", hasty(SEED)) as phone:
        media_id = phone.attach(path, SAID)
        (one,) = phone.upload()
        assert (one.stage, (phone.get("media", media_id) or {})["state"]) == (Stage.SENT, "declared")
        phone.sync()
        assert (phone.get("media", media_id) or {})["state"] == "uploaded"
        assert b"".join(stage.raw(media_id)) == path.read_bytes()
