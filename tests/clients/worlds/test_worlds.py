"""Random worlds of real phones: whatever is lost, granted, revoked and moved, at rest all are right and no word is missing.

A world that breaks a promise is told as a short history. `pytest -k 'world-7'` lives the seventh again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.driver import Pool, guide
from tests.clients.school import School
from tests.clients.worlds.lives import Life, Place
from tests.clients.worlds.plants import PLANTS, Plant

WORLDS = 20
MOST_WORLDS = 5
"""So many worlds may pass before a planted bug is noticed."""
Record = Callable[[str, object], None]


@pytest.fixture
def place(school: School, rxdb: Pool, watermelon: Pool) -> Place:
    return Place(school, rxdb, watermelon)


def first_broken(place: Place) -> Life:
    """The first world in which something breaks; fails where nothing does."""
    for seed in range(MOST_WORLDS):
        life = place.live(seed)
        if life.broken:
            return life
    pytest.fail(f"nothing broke in {MOST_WORLDS} worlds")


@pytest.mark.parametrize("seed", range(WORLDS), ids=lambda seed: f"world-{seed}")
def test_at_rest_all_are_right_and_no_word_is_missing(
    place: Place, seed: int, record_property: Record
) -> None:
    life = place.live(seed, shrink=True)
    assert not life.broken, life.told()
    record_property("world", f"{life.typed} words, {life.lost} messages lost, {life.kept} kept beside")


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_noticed(
    place: Place, monkeypatch: pytest.MonkeyPatch, record_property: Record, plant: Plant
) -> None:
    logging.disable(logging.ERROR)  # a planted bug makes the server complain: it is meant to
    try:
        plant(monkeypatch)
        life = first_broken(place)
    finally:
        logging.disable(logging.NOTSET)
    assert life.told().startswith(f"world {life.seed} breaks a promise:\n")
    record_property("noticed", f"world {life.seed}: {life.broken[:200]}")


def test_a_client_that_lets_a_pull_destroy_new_words_is_noticed(place: Place, tmp_path: Path) -> None:
    """As the guide had it once: what was typed after the rescue went with the record."""
    code = "\n".join(guide("watermelondb.md"))
    careful = "return forget(await"
    assert careful in code
    with Pool(tmp_path, "watermelon.mjs", code.replace(careful, "return (await")) as careless:
        life = first_broken(Place(place.school, place.rxdb, careless))
    assert "typed, and nowhere now" in life.broken
