"""Whatever is sent ends as a clean photo or put away with a reason; the worker lives on, and within its means."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from service.media import photos
from service.media.photos import SIZES, clean_apart
from service.media.reasons import REASONS, UnfitError
from tests.media.cameras import heic, webp
from tests.media.hostile import REDRAWN, REFUSED, mutated, seeds
from tests.media.pictures import halves, jpeg, opened, png
from tests.media.traces import traces
from tests.media.world import World

MUTANTS = 120
"""Of each format."""
FIRST_SEED = 1
ID = "photo-of-a-stranger"


def outcome(raw: bytes, media_type: str) -> str:
    """`clean`, or the reason. Fails when it is neither."""
    try:
        photo = photos.clean(raw, media_type)
    except UnfitError as fault:
        assert fault.reason in REASONS
        return fault.reason
    for name, content in photo.renditions.items():
        assert traces(content) == []
        assert max(opened(content).size) <= SIZES[name]
    return "clean"


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_would_harm_is_put_away(name: str) -> None:
    media_type, made, reasons = REFUSED[name]
    with pytest.raises(UnfitError) as fault:
        clean_apart(made(), media_type)
    assert fault.value.reason in reasons


@pytest.mark.parametrize("name", list(REDRAWN))
def test_what_is_a_photo_too_is_drawn_anew(name: str) -> None:
    media_type, made, foreign = REDRAWN[name]
    raw = made()
    assert foreign in raw or len(raw) > 1 << 20
    photo = clean_apart(raw, media_type)
    assert [traces(content) for content in photo.renditions.values()] == [[], []]
    assert not any(foreign in content for content in photo.renditions.values() if len(foreign) < 64)


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/webp", "image/heic"])
def test_a_file_without_its_end_is_not_shown(media_type: str) -> None:
    noise = halves((320, 240)).effect_spread(40)
    make = {"image/jpeg": jpeg, "image/png": png, "image/heic": heic}.get(media_type)
    raw = make(noise) if make else webp()
    ends = {part: outcome(raw[: len(raw) * part // 10], media_type) for part in range(10)}
    assert ends.pop(0) == "empty"
    assert set(ends.values()) <= {"unreadable", "wrong_type"}
    assert outcome(raw, media_type) == "clean"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WebP", "HEIC"])
def test_mutants_end_clean_or_put_away(format_: str) -> None:
    media_type, raw = seeds()[format_]
    ends: dict[str, int] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + MUTANTS):
        end = outcome(mutated(raw, random.Random(f"{format_} {seed}")), media_type)
        ends[end] = ends.get(end, 0) + 1
    assert outcome(raw, media_type) == "clean"
    assert ends["clean"] > MUTANTS / 20, ends
    assert sum(ends.values()) - ends["clean"] > MUTANTS / 20, ends


def test_the_bombs_stay_within_memory() -> None:
    """All of them, one after the other, in processes of which none may take more than a small part of its share."""
    program = (
        "import resource\n"
        "from contextlib import suppress\n"
        "from service.media.photos import clean_apart\n"
        "from service.media.reasons import UnfitError\n"
        "from tests.media.hostile import REFUSED\n"
        "for media_type, made, _ in REFUSED.values():\n"
        "    with suppress(UnfitError):\n"
        "        clean_apart(made(), media_type)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 500_000  # kB


def test_of_a_bomb_the_record_tells_why(world: World) -> None:
    for number, name in enumerate(("PNG of 50,000 x 50,000", "HEIC of tiles of itself", "SVG")):
        media_type, made, reasons = REFUSED[name]
        media_id = f"{ID}-{number}"
        world.send(world.declare(media_id, made(), media_type), made())
        world.arrive(media_id)
        state, reason = world.verify(media_id)
        assert (state, reason in reasons) == ("quarantined", True)
    assert world.keys() == []
