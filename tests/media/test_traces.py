"""No word is left: not in a photo, not anywhere in the bucket. And the scan that says so finds each in the raw files."""

from __future__ import annotations

import pytest

from service.media import photos
from tests.media.cameras import telling
from tests.media.pictures import is_red, jpeg, opened, png
from tests.media.traces import traces
from tests.media.world import World

PLACES = list(telling())


@pytest.mark.parametrize("place", PLACES)
def test_the_scan_finds_what_the_file_says(place: str) -> None:
    assert traces(telling()[place][1]) != []


def test_the_scan_finds_nothing_where_nothing_is() -> None:
    assert traces(jpeg()) == traces(png()) == []


@pytest.mark.parametrize("place", PLACES)
def test_what_is_shown_says_nothing(place: str) -> None:
    media_type, raw = telling()[place]
    photo = photos.clean(raw, media_type)
    assert {name: traces(content) for name, content in photo.renditions.items()} == {"photo": [], "small": []}
    assert traces(photo.facts.placeholder.encode()) == []
    shown = opened(photo.renditions["photo"])
    assert is_red(shown, (5, 15))
    assert not is_red(shown, (shown.width - 4, 15))
    assert not shown.getexif()


def test_the_bucket_says_nothing(world: World) -> None:
    for number, (media_type, raw) in enumerate(telling().values()):
        media_id = f"photo-number-{number:02}"
        world.send(world.declare(media_id, raw, media_type), raw)
        world.arrive(media_id)
        assert traces(world.stored(world.media(media_id).raw_key)) != []
        assert world.verify(media_id) == ("ready", None)
    keys = world.keys()
    assert len(keys) == 2 * len(telling())
    found = {key: traces(world.stored(f"{world.tenant_id}/{key}")) for key in keys}
    assert {key: said for key, said in found.items() if said} == {}
    shown = [world.record("media", f"photo-number-{number:02}") for number in range(len(telling()))]
    assert {key for record in shown for key, value in record.items() if traces(str(value).encode())} == set()
