"""A little of `make chaos` in every test run: each is killed once in mid-push, a disk runs full, and planted bugs are noticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.chaos.disk import CannotMountError, fill, small_disk
from tests.chaos.rounds import Storm
from tests.chaos.site import Site

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
MOST_KILLS = 4


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@contextmanager
def stands(site: Site) -> Iterator[Site]:
    """The site for the length of the block; nothing of it is left afterwards."""
    try:
        yield site
    finally:
        site.close()


def test_kills_in_mid_push_and_a_full_disk_lose_nothing_and_double_nothing(
    home: Path, tmp_path: Path
) -> None:
    with ExitStack() as opened:
        disk: Path | None = None
        with suppress(CannotMountError):  # `make chaos` says loudly where it cannot be shown
            disk = opened.enter_context(small_disk(home / "postgres"))
        site = opened.enter_context(stands(Site(home)))
        storm = opened.enter_context(Storm(site, tmp_path))
        for target in ("live", "api", "postgres"):
            struck = storm.strike(target)
            assert struck.in_flight > 0, "the kill came between two pushes and proves nothing"
            assert struck.broken.told() == []
        assert len(storm.ledger.acknowledged) > 50
        if disk is not None:
            filled = fill(storm, disk, "data", seconds=0.5)
            assert filled.is_clear, filled.refusals
            assert filled.broken.told() == []


def test_a_planted_bug_is_noticed(home: Path, tmp_path: Path) -> None:
    with stands(Site(home, "answers-before-the-commit")) as site, Storm(site, tmp_path) as storm:
        told = next((lines for _ in range(MOST_KILLS) if (lines := storm.strike("api").broken.told())), [])
    assert any(line.startswith("lost: ") for line in told)
