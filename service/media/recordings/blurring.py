"""A video in which faces are unknown. Faces are looked for several times a second, and covered where they were and where they will be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PIL import Image

from service.media import faces
from service.media.reasons import UnfitError
from service.media.recordings import ffmpeg
from service.media.recordings.ffmpeg import Source
from service.media.recordings.formats import P720

RATE = 25
"""Pictures a second at most."""
LOOK_EVERY = 4
"""Pictures: nobody goes far in a sixth of a second."""


def demand_blurring() -> None:
    """Raise UnfitError where faces cannot be found."""
    if not faces.available():
        raise UnfitError("cannot_blur")


def blur(source: Source, name: str, told: Callable[[int], None]) -> None:
    """Make the rendition `name` with no face in it, at most 720p. Raises UnfitError; tells milliseconds."""
    demand_blurring()
    size = ffmpeg.fitted(source.probe, P720)
    rate = min(RATE, max(1, round(source.probe.rate or RATE)))

    def changed(pieces: Iterator[bytes]) -> Iterator[bytes]:
        pictures = (Image.frombytes("RGB", size, piece) for piece in pieces)
        for number, picture in enumerate(covered(pictures)):
            told(number * 1000 // rate)
            yield picture.tobytes()

    decode = ffmpeg.pictures(source, size, rate)
    encode = ffmpeg.of_pictures(source, size, rate, name)
    ffmpeg.change(decode, encode, size[0] * size[1] * 3, changed)


def covered(pictures: Iterator[Image.Image]) -> Iterator[Image.Image]:
    """The pictures, each without the faces that were found before it and after it."""
    waiting: list[Image.Image] = []
    before: list[faces.Box] = []
    for number, picture in enumerate(pictures):
        waiting.append(picture)
        if number % LOOK_EVERY == 0:
            after = _faces(picture)
            yield from _cover(waiting, before + after)
            waiting, before = [], after
    if waiting:
        yield from _cover(waiting, before + _faces(waiting[-1]))


def _faces(picture: Image.Image) -> list[faces.Box]:
    try:
        return faces.faces(picture)
    except Exception:
        # whatever keeps the model from looking: what was not looked at is not shown
        raise UnfitError("cannot_blur") from None


def _cover(pictures: list[Image.Image], boxes: list[faces.Box]) -> Iterator[Image.Image]:
    for picture in pictures:
        for box in boxes:
            faces.cover(picture, box)
        yield picture
