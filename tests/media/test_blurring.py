"""A video in which faces are to be unknown: nothing is shown before, and nobody is known after.

The face is an astronaut's, of scikit-image, in the public domain.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from service.media import faces
from service.media.reasons import UnfitError
from service.media.recordings import blurring, steps
from tests.media import films
from tests.media.test_recordings import frames, put, quiet
from tests.media.test_transcoding import ID, arrive, long_jobs, told, transcode
from tests.media.world import World

data = pytest.importorskip("skimage.data")

SIDE, FROM, SPEED = 256, 10, 100
"""Of the portrait in pixels; where it is at first, and how far it goes in a second."""
FACE = (90, 40, 135, 100)
"""In the portrait."""


@cache
def walking() -> bytes:
    """Two seconds in which a face crosses the picture."""
    with films.tempfile.TemporaryDirectory() as directory:
        portrait = Path(directory, "portrait.png")
        Image.fromarray(data.astronaut()).resize((SIDE, SIDE)).save(portrait)
        return films.ffmpeg(
            *("-f", "lavfi", "-i", "color=gray:s=640x360:r=25:d=2", "-loop", "1", "-i", str(portrait)),
            *("-f", "lavfi", "-i", "sine=440:d=2", "-filter_complex"),
            f"[0:v][1:v]overlay=x='{FROM}+t*{SPEED}':y=40:shortest=1[v]",
            *("-map", "[v]", "-map", "2:a", *films.H264, *films.AAC, "-metadata", "title=Room 12"),
            suffix=".mp4",
        )


def face(picture: Any) -> Image.Image:
    left = FROM + round(picture.time * SPEED)
    moved = (left + FACE[0], 40 + FACE[1], left + FACE[2], 40 + FACE[3])
    image: Image.Image = picture.to_image().convert("L").crop(moved)
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


def test_no_picture_shows_the_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = steps.blur(put(tmp_path, walking()), "video/mp4", quiet)
    assert made["renditions"] == ["blurred", "poster"]
    before, after = frames(tmp_path / "raw"), frames(tmp_path / "blurred")
    assert len(after) == len(before) == 50
    known = [difference(face(one), face(other)) for one, other in zip(before, after, strict=True)]
    assert min(known) > 12, "one of the pictures shows a face nearly as it was"
    beside = [picture.to_image().convert("L").crop((500, 0, 640, 30)) for picture in (before[0], after[0])]
    assert difference(*beside) < 3, "what is no face stays"
    with Image.open(tmp_path / "poster") as poster:
        assert difference(poster.convert("L"), after[5].to_image().convert("L")) < 4
    assert b"Room 12" not in (tmp_path / "blurred").read_bytes()


def test_a_face_is_covered_where_it_was_and_where_it_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a model that sees a face only in one of the pictures that it looks at."""
    seen: Iterator[list[faces.Box]] = iter([[], [(2.0, 2.0, 6.0, 6.0)], [], []])
    monkeypatch.setattr(faces, "faces", lambda picture: next(seen))
    monkeypatch.setattr(faces, "cover", lambda picture, box: picture.paste((255, 0, 0), (0, 0, 8, 8)))
    pictures = (Image.new("RGB", (8, 8)) for _ in range(10))
    shown = [picture.getpixel((0, 0)) == (255, 0, 0) for picture in blurring.covered(pictures)]
    assert shown == [False] + 8 * [True] + [False]


def test_what_cannot_be_looked_at_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(picture: Image.Image) -> list[faces.Box]:
        raise RuntimeError

    monkeypatch.setattr(faces, "faces", broken)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnfitError, match="cannot_blur"):
        steps.blur(put(tmp_path, walking()), "video/mp4", quiet)


def test_without_a_model_it_is_put_away_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "available", lambda: False)
    monkeypatch.chdir(tmp_path)
    for step in (steps.look, steps.blur):
        with pytest.raises(UnfitError, match="cannot_blur"):
            step(put(tmp_path, walking()), "video/mp4", quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_nothing_is_there_before_faces_are_blurred(world: World) -> None:
    arrive(world, walking(), blur_faces=True)
    assert world.verify(ID) == ("verified", None)
    assert world.keys() == [f"{ID}/raw"]
    assert told(world, "renditions", "ready_at", "progress") == (None, None, 10)
    assert len(long_jobs(world)) == 1
    transcode(world)
    assert told(world, "state", "progress") == ("ready", 100)
    assert told(world, "renditions") == (["blurred", "poster", "360p", "sheet", "waveform"],)
    assert told(world, "ready_at") != (None,)
    made = ("360p", "360p.m3u8", "blurred", "blurred.m3u8", "poster", "sheet", "sheet.json", "waveform")
    assert world.keys() == [f"{ID}/{name}" for name in made]


def test_sound_has_no_faces(world: World) -> None:
    arrive(world, films.m4a(), "audio/mp4", blur_faces=True)
    assert world.verify(ID) == ("ready", None)


def test_one_that_cannot_be_blurred_is_put_away_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from service.media.recordings import apart

    arrive(world, walking(), blur_faces=True)
    world.verify(ID)

    def unfit(*_: Any, **__: Any) -> None:
        raise UnfitError("cannot_blur")

    monkeypatch.setattr(apart, "run", unfit)
    transcode(world)
    assert world.state(ID) == ("quarantined", "cannot_blur")
    assert world.keys() == []
