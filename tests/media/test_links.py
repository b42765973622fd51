"""Under which type and file name each rendition is handed out, and which one when nobody says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.problems import Problem, Refused
from service.media.links import handed
from service.media.record import Media
from tests.media.world import World

ALL = ("original", "poster", "720p", "360p", "sheet", "waveform")


@pytest.fixture
def film(world: World) -> Media:
    return replace(
        world.declare("film-one-1", b"film", "video/quicktime", file_name="a/b ü.mov"), renditions=ALL
    )


def given(media: Media, name: str | None, **fields: Any) -> tuple[str, str]:
    file = handed(replace(media, **fields), name)
    return file.media_type, file.file_name


def test_each_has_its_own_type_and_name(film: Media) -> None:
    assert {name: given(film, name) for name in ALL} == {
        "original": ("video/mp4", "b ü.mp4"),
        "720p": ("video/mp4", "b ü-720p.mp4"),
        "360p": ("video/mp4", "b ü-360p.mp4"),
        "poster": ("image/jpeg", "b ü-poster.jpg"),
        "sheet": ("image/jpeg", "b ü-sheet.jpg"),
        "waveform": ("application/json", "b ü-waveform.json"),
    }


def test_the_best_that_there_is(film: Media) -> None:
    assert given(film, None) == ("video/mp4", "b ü.mp4")
    assert given(film, None, renditions=("poster", "360p")) == ("video/mp4", "b ü.mp4")
    assert given(film, None, media_type="image/heic", renditions=("small", "photo")) == (
        "image/jpeg",
        "b ü.jpg",
    )
    assert given(film, "small", media_type="image/png", renditions=("small", "photo"))[1] == "b ü-small.png"
    assert given(film, None, media_type="audio/x-m4a", renditions=("original",)) == ("audio/mp4", "b ü.m4a")


@pytest.mark.parametrize(("name", "has"), [("photo", ALL), ("raw", ALL), (None, ()), (None, ("poster",))])
def test_what_is_not_there_is_not_handed_out(film: Media, name: str | None, has: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as refused:
        handed(replace(film, renditions=has), name)
    assert refused.value.problem is Problem.NOT_FOUND
