"""The profile that is written anew shows the same colours, and says nothing."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from service.media import photos, profiles
from tests.media.cameras import telling_profile
from tests.media.pictures import jpeg, opened, png, srgb
from tests.media.traces import traces


def colours() -> Image.Image:
    image = Image.new("RGB", (16, 16))
    image.putdata([(at, 255 - at, at * 7 % 256) for at in range(256)])
    return image


def in_standard(profile: bytes) -> bytes:
    shown = ImageCms.profileToProfile(colours(), BytesIO(profile), ImageCms.createProfile("sRGB"))
    assert shown is not None
    return shown.tobytes()


def wide() -> bytes:
    """sRGB with the red and the green of a wider gamut."""
    profile = srgb()
    red, green = (profiles._tags(profile)[name] for name in (b"rXYZ", b"gXYZ"))
    wider = {red: (0.5151, 0.2412, -0.0011), green: (0.2919, 0.6922, 0.0419)}
    for tag, numbers in wider.items():
        profile = profile.replace(tag, tag[:8] + struct.pack(">3i", *(round(x * 65536) for x in numbers)))
    return profile


@pytest.mark.parametrize("profile", [srgb(), wide(), telling_profile()], ids=["sRGB", "wide", "telling"])
def test_the_colours_are_the_same(profile: bytes) -> None:
    anew = profiles.plain(profile)
    assert anew is not None
    assert in_standard(anew) == in_standard(profile)
    assert traces(anew) == []


def test_a_wide_gamut_is_another_colour() -> None:
    assert in_standard(wide()) != in_standard(srgb())


def test_a_photo_keeps_its_colours() -> None:
    shown = opened(photos.clean(jpeg(icc_profile=wide()), "image/jpeg").renditions["photo"])
    assert shown.info["icc_profile"] == profiles.plain(wide())


def test_a_photo_in_the_colours_of_print_is_shown_in_those_of_screens() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert profiles.plain(lab) is None
    shown = opened(
        photos.clean(jpeg(colours().convert("CMYK"), icc_profile=lab), "image/jpeg").renditions["photo"]
    )
    assert (shown.mode, shown.info.get("icc_profile")) == ("RGB", None)


def test_a_profile_of_grey_is_not_given_to_colours() -> None:
    grey = profiles._profile(b"GRAY", {b"kTRC": b"curv" + struct.pack(">4xI", 0)})
    assert (
        opened(photos.clean(png(colours(), icc_profile=grey), "image/png").renditions["photo"]).info.get(
            "icc_profile"
        )
        is None
    )
    plain = opened(
        photos.clean(png(colours().convert("L"), icc_profile=grey), "image/png").renditions["photo"]
    )
    assert profiles.is_grey(plain.info["icc_profile"])


@pytest.mark.parametrize("cut", range(0, 600, 37))
def test_a_broken_profile_is_left_out(cut: int) -> None:
    profiles.plain(srgb()[:cut])
    assert profiles.plain(b"\xff" * cut) is None


def test_a_text_is_no_curve() -> None:
    curve = b"curv" + struct.pack(">4xI", 7) + b"Canary-Hana 12"
    assert profiles.plain(profiles._profile(b"GRAY", {b"kTRC": curve})) is None
