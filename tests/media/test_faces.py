"""Faces are found and thrown away; what is missed is counted, not wished away.

The pictures are those of scikit-image (an astronaut's portrait, in the public domain; a hundred small faces of Labeled
Faces in the Wild, and a hundred pieces of pictures without any), read from the installed package.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy
import pytest
from PIL import Image, ImageFilter
from skimage import data

from service.media import faces, photos
from service.media.faces import CELLS, Box
from service.media.reasons import UnfitError
from tests.media.pictures import halves, jpeg, opened
from tests.media.world import World

FACE = (170, 70, 280, 210)
"""The astronaut's, roughly, in the picture of 512 x 512."""
ID = "photo-of-a-teacher"


@cache
def astronaut() -> Image.Image:
    return Image.fromarray(data.astronaut())


@cache
def snippets() -> Any:
    """A hundred faces, then a hundred pieces of something else: 25 x 25, grey."""
    return (data.lfw_subset() * 255).astype("uint8")


def framed(snippet: Any, side: int) -> Image.Image:
    scene = Image.new("RGB", (2 * side, 2 * side), (128, 128, 128))
    scene.paste(Image.fromarray(snippet).resize((side, side)).convert("RGB"), (side // 2, side // 2))
    return scene


def classroom() -> Image.Image:
    """A large picture with one small face at its back."""
    scene = Image.new("RGB", (4000, 3000), (120, 130, 110))
    scene.paste(astronaut().resize((150, 150)), (2000, 1000))
    return scene


def scaled(box: tuple[int, int, int, int], scale: float, left: int = 0, top: int = 0) -> Box:
    return (left + box[0] * scale, top + box[1] * scale, left + box[2] * scale, top + box[3] * scale)


def covers(found: list[Box], face: Box) -> bool:
    """One box holds the middle of the face, and is of its size."""
    x, y, size = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2, face[2] - face[0]
    return any(
        [
            left < x < right and top < y < bottom and size / 3 < right - left < 3 * size
            for left, top, right, bottom in found
        ]
    )


SEEN = {
    "as it is": (astronaut, FACE),
    "small": (lambda: astronaut().resize((80, 80)), scaled(FACE, 80 / 512)),
    "at the back of a classroom": (classroom, scaled(FACE, 150 / 512, 2000, 1000)),
    "near, in a large picture": (lambda: astronaut().resize((4000, 4000)), scaled(FACE, 4000 / 512)),
    "grey": (lambda: astronaut().convert("L"), FACE),
    "dark": (lambda: astronaut().point(lambda value: value // 8), FACE),
    "out of focus": (lambda: astronaut().filter(ImageFilter.GaussianBlur(4)), FACE),
    "leaning": (lambda: astronaut().rotate(40, center=(225, 140)), FACE),
}


@pytest.mark.parametrize("how", list(SEEN))
def test_a_face_is_found(how: str) -> None:
    picture, face = SEEN[how]
    assert covers(faces.faces(picture()), face)


@pytest.mark.parametrize("side", [32, 100])
def test_of_a_hundred_small_faces_few_are_missed(side: int) -> None:
    face = scaled((1, 1, 3, 3), side / 2)
    found = sum(covers(faces.faces(framed(one, side)), face) for one in snippets()[:100])
    assert found >= 98


def test_where_there_is_no_face_little_is_covered() -> None:
    assert sum(bool(faces.faces(framed(one, 64))) for one in snippets()[100:]) <= 5
    assert faces.faces(halves((640, 480))) == []


def test_what_is_covered_is_gone() -> None:
    """Of the face a few colours are left: whoever has the picture has nothing to undo."""
    blurred = faces.blur(astronaut())
    assert len(blurred.crop(FACE).getcolors(1 << 20) or ()) <= CELLS * CELLS
    assert len(astronaut().crop(FACE).getcolors(1 << 20) or ()) > 1000
    assert faces.faces(blurred) == []
    left, top, right, bottom = FACE
    for corner in ((left - 5, top - 5, right + 5, top), (left - 10, top, left, bottom)):
        assert blurred.crop(corner) != astronaut().crop(corner)


def test_the_rest_of_the_picture_stays() -> None:
    below = (0, 350, 512, 512)
    assert faces.blur(astronaut()).crop(below) == astronaut().crop(below)


def test_two_faces_with_the_same_outline_look_the_same() -> None:
    """What is shown depends on nothing but those few colours."""
    detail = numpy.array(faces.blur(astronaut()).crop(FACE), dtype=int)
    assert (numpy.diff(detail, axis=0) == 0).mean() > 0.9


def test_with_blur_no_face_is_stored(world: World) -> None:
    raw = jpeg(astronaut())
    world.send(world.declare(ID, raw, blur_faces=True), raw)
    world.arrive(ID)
    assert world.verify(ID) == ("ready", None)
    assert world.keys() == [f"{ID}/photo", f"{ID}/small"]
    for name in ("photo", "small"):
        assert not covers(faces.faces(opened(world.stored(world.media(ID).key(name)))), FACE)


def test_faces_are_shown_unless_it_is_asked_for(world: World) -> None:
    raw = jpeg(astronaut())
    world.send(world.declare(ID, raw), raw)
    world.arrive(ID)
    assert world.verify(ID) == ("ready", None)
    assert covers(faces.faces(opened(world.stored(world.media(ID).key("photo")))), FACE)


def test_the_placeholder_is_of_the_blurred_picture() -> None:
    shown, blurred = (
        photos.clean(jpeg(astronaut()), "image/jpeg", blur_faces=asked) for asked in (False, True)
    )
    assert shown.facts.placeholder != blurred.facts.placeholder


def test_where_faces_cannot_be_found_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "available", lambda: False)
    with pytest.raises(UnfitError) as fault:
        photos.clean(jpeg(astronaut()), "image/jpeg", blur_faces=True)
    assert fault.value.reason == "cannot_blur"
    assert photos.clean(jpeg(), "image/jpeg").renditions != {}


def test_without_the_model_they_cannot_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faces.available()
    faces.available.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(faces, "find_spec", lambda name: None)
        assert not faces.available()
    faces.available.cache_clear()
