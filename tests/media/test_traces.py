"""No word is left: not in a photo, not anywhere in the bucket. And the scan that says so finds each in the raw files."""

from __future__ import annotations

import pytest

from service.media import photos
from service.media.transcoding import transcode
from tests.media import films
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


@pytest.mark.parametrize("kind", [b"\xa9xyz", b"loci", b"meta", b"Xtra", b"gps "])
@pytest.mark.parametrize("where", [b"moov", b"trak"])
def test_the_scan_finds_each_box_that_says_more(kind: bytes, where: bytes) -> None:
    told = films.box(b"moov", films.box(where, films.box(b"udta", films.box(kind, b"\0\0\0\0"))))
    assert traces(films.box(b"ftyp", b"isom\0\0\0\0") + told) == [f"box {kind!r}"]
    assert traces(films.box(b"ftyp", b"isom\0\0\0\0") + films.box(b"uuid", bytes(16))) == ["box b'uuid'"]


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


FILMS = {
    "MOV of a camera": ("video/quicktime", films.mov_of_a_camera),
    "MP4": ("video/mp4", films.mp4),
    "WebM": ("video/webm", films.webm),
    "M4A": ("audio/mp4", films.m4a),
}


@pytest.mark.parametrize("name", list(FILMS))
def test_nothing_made_of_a_recording_says_anything(world: World, name: str) -> None:
    media_type, made = FILMS[name]
    raw = made()
    assert traces(raw) != []
    media_id = "a-lesson-was-filmed"
    world.send(world.declare(media_id, raw, media_type), raw)
    world.arrive(media_id)
    assert world.verify(media_id) == ("ready", None)
    transcode(world.database, world.door, world.store, world.tenant_id, media_id)
    keys = world.keys()
    assert f"{media_id}/original" in keys
    assert f"{media_id}/raw" not in keys
    stored = {key: world.stored(f"{world.tenant_id}/{key}") for key in keys}
    assert {key: said for key, content in stored.items() if (said := traces(content))} == {}
    assert [(key, word) for key, content in stored.items() for word in films.SECRETS if word in content] == []
