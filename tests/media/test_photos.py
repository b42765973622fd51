"""What is stored of a picture: its pixels, upright, and nothing else."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import piexif
import pytest
from PIL import Image

from service.media import photos
from service.media.photos import clean_apart
from service.media.reasons import UnfitError
from tests.media.cameras import heic, moving
from tests.media.pictures import (
    SECRETS,
    halves,
    is_red,
    jpeg,
    jpeg_of_a_phone,
    opened,
    png,
    png_that_says_it_is,
    png_with_words,
    webp_with_words,
)

WORDY = [
    (jpeg_of_a_phone(), "image/jpeg", "JPEG"),
    (png_with_words(), "image/png", "PNG"),
    (webp_with_words(), "image/webp", "WEBP"),
]


def clean(raw: bytes, media_type: str) -> bytes:
    """The larger rendition."""
    return photos.clean(raw, media_type).renditions["photo"]


def reason(raw: bytes, media_type: str = "image/jpeg") -> str:
    with pytest.raises(UnfitError) as fault:
        clean(raw, media_type)
    return fault.value.reason


@pytest.mark.parametrize(("raw", "media_type", "format_"), WORDY)
def test_no_word_of_the_file_is_left(raw: bytes, media_type: str, format_: str) -> None:
    assert any(secret in raw for secret in SECRETS)
    cleaned = clean(raw, media_type)
    assert [secret for secret in SECRETS if secret in cleaned] == []
    image = opened(cleaned)
    assert image.format == format_
    assert dict(image.getexif()) == {}
    assert not {"exif", "xmp", "comment", "XML:com.adobe.xmp", "Comment", "Location"} & image.info.keys()


def test_saving_a_picture_as_it_is_would_leave_words() -> None:
    """The trap that `clean` avoids by drawing anew: Pillow carries words along."""
    stored = BytesIO()
    opened(jpeg_of_a_phone()).save(stored, "JPEG")
    assert b"taught by Hana" in stored.getvalue()


@pytest.mark.parametrize(
    ("orientation", "size", "red", "blue"),
    [
        (1, (64, 32), (5, 15), (60, 15)),
        (3, (64, 32), (60, 15), (5, 15)),
        (6, (32, 64), (15, 5), (15, 60)),
        (8, (32, 64), (15, 60), (15, 5)),
    ],
)
def test_it_stands_upright(
    orientation: int, size: tuple[int, int], red: tuple[int, int], blue: tuple[int, int]
) -> None:
    image = opened(clean(jpeg_of_a_phone(orientation), "image/jpeg"))
    assert image.size == size
    assert is_red(image, red)
    assert not is_red(image, blue)


def test_a_broken_note_of_the_orientation_does_no_harm() -> None:
    broken = jpeg()[:2] + b"\xff\xe1\x00\x12Exif\0\0MM\0*\xff\xff\xff\xff" + jpeg()[2:]
    assert opened(clean(broken, "image/jpeg")).size == (64, 32)


def test_transparency_is_kept() -> None:
    seen_through = Image.new("P", (4, 4), 1)
    seen_through.putpalette([0, 0, 0, 255, 0, 0])
    image = opened(clean(png(seen_through, transparency=1), "image/png"))
    assert (image.mode, image.getpixel((0, 0))) == ("RGBA", (255, 0, 0, 0))


def test_of_several_pictures_in_a_jpeg_the_first_is_the_photo() -> None:
    stored = BytesIO()
    halves().save(stored, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 32))])
    cleaned = clean(stored.getvalue(), "image/jpeg")
    assert opened(cleaned).format == "JPEG"
    assert is_red(opened(cleaned), (5, 15))
    assert len(cleaned) < len(stored.getvalue())


def test_a_photo_of_a_newer_phone_is_shown_as_everybody_can_open_it() -> None:
    photo = photos.clean(heic(halves((96, 64))), "image/heic")
    shown = opened(photo.renditions["photo"])
    assert (shown.format, shown.size) == ("JPEG", (96, 64))
    assert (is_red(shown, (5, 15)), is_red(shown, (90, 15))) == (True, False)
    assert photos.clean(heic(), "image/heif") == photo


def test_it_stands_upright_whoever_turned_it() -> None:
    """HEIC says how to turn it in a place of its own; EXIF then says so too, and it is turned once."""
    turned = piexif.dump({"0th": {piexif.ImageIFD.Orientation: 6}})
    shown = opened(clean(heic(halves((96, 64)), exif=turned), "image/heic"))
    assert shown.size == (64, 96)
    assert (is_red(shown, (30, 5)), is_red(shown, (30, 90))) == (True, False)


@pytest.mark.parametrize(
    ("size", "large", "small"),
    [
        ((64, 32), (64, 32), (64, 32)),
        ((5000, 2500), (4096, 2048), (800, 400)),
        ((20, 30_000), (3, 4096), (1, 800)),
    ],
)
def test_it_comes_in_two_sizes(size: tuple[int, int], large: tuple[int, int], small: tuple[int, int]) -> None:
    photo = photos.clean(jpeg(halves(size)), "image/jpeg")
    assert [opened(one).size for one in photo.renditions.values()] == [large, small]
    assert (photo.facts.width, photo.facts.height) == large


def test_until_it_comes_a_blur_of_a_few_bytes_is_shown() -> None:
    told = photos.clean(jpeg(halves((640, 320))), "image/jpeg").facts.placeholder
    kind, _, content = told.partition(",")
    assert kind == "data:image/webp;base64"
    assert len(told) < 400
    tiny = opened(base64.b64decode(content))
    assert tiny.size == (16, 8)
    assert (is_red(tiny, (1, 4)), is_red(tiny, (14, 4))) == (True, False)


def test_sixteen_bits_are_shown_in_eight() -> None:
    deep = Image.new("I;16", (4, 4), 0x8000)
    shown = opened(clean(png(deep), "image/png"))
    assert (shown.mode, shown.getpixel((1, 1))) == ("L", 128)


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_of_what_moves_the_first_picture_is_shown(format_: str) -> None:
    shown = opened(clean(moving(format_), f"image/{format_.lower()}"))
    assert getattr(shown, "n_frames", 1) == 1
    assert is_red(shown, (5, 15))


@pytest.mark.parametrize(
    ("raw", "media_type", "why"),
    [
        (b"", "image/jpeg", "empty"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "image/jpeg", "wrong_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", "wrong_type"),
        (b'<?xml version="1.0"?><svg/>', "image/webp", "wrong_type"),
        (b"nothing that anybody knows", "image/jpeg", "wrong_type"),
        (png(), "image/jpeg", "wrong_type"),
        (jpeg(), "image/webp", "wrong_type"),
        (jpeg()[: len(jpeg()) // 2], "image/jpeg", "unreadable"),
        (png()[:60], "image/png", "unreadable"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "image/jpeg", "unreadable"),
        (png_that_says_it_is(7_072, 7_072), "image/png", "too_many_pixels"),
        (png_that_says_it_is(60_000, 60_000), "image/png", "too_many_pixels"),
    ],
)
def test_what_is_no_photo_is_told_why(raw: bytes, media_type: str, why: str) -> None:
    assert reason(raw, media_type) == why


def test_the_limit_of_pixels_is_itself_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MAX_PIXELS", 64 * 32)
    assert opened(clean(jpeg(), "image/jpeg")).size == (64, 32)
    assert reason(jpeg(halves((64, 33)))) == "too_many_pixels"


def test_apart_it_is_the_same() -> None:
    assert clean_apart(jpeg_of_a_phone(), "image/jpeg") == photos.clean(jpeg_of_a_phone(), "image/jpeg")
    with pytest.raises(UnfitError) as fault:
        clean_apart(b"<html>", "image/jpeg")
    assert fault.value.reason == "wrong_type"


@pytest.mark.parametrize(
    ("number", "fault"),
    [(signal.SIGSEGV, UnfitError), (signal.SIGXCPU, UnfitError), (signal.SIGKILL, OSError)],
)
def test_a_crash_is_the_files_fault_and_a_kill_is_not(
    number: signal.Signals, fault: type[Exception], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    double = tmp_path / "python"
    double.write_text(f"#!/bin/sh\nkill -{int(number)} $$\n")
    double.chmod(0o755)
    monkeypatch.setattr(photos.sys, "executable", str(double))
    with pytest.raises(fault):
        clean_apart(jpeg(), "image/jpeg")


def test_it_is_not_told_the_secrets_of_the_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    double = tmp_path / "python"
    double.write_text("#!/bin/sh\nenv >&2\nexec cat /dev/null\n")
    double.chmod(0o755)
    monkeypatch.setattr(photos.sys, "executable", str(double))
    monkeypatch.setenv("S3_SECRET_KEY", "nobody may know")
    told: list[bytes] = []
    run = photos.subprocess.run
    monkeypatch.setattr(
        photos.subprocess, "run", lambda *a, **k: told.append((done := run(*a, **k)).stderr) or done
    )
    with pytest.raises(ValueError):
        clean_apart(jpeg(), "image/jpeg")
    assert b"PATH=" in told[0]
    assert b"nobody may know" not in told[0]


def test_memory_and_time_are_bounded_apart() -> None:
    """A decoder that takes more than its share ends; the worker does not."""
    program = (
        "import resource, runpy, sys\n"
        "from service.media import photos\n"
        "photos.clean = lambda *_, **__: bytes(photos.MEMORY)\n"
        "photos._main('image/jpeg')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=b"", capture_output=True, env=dict(os.environ)
    )
    assert b"MemoryError" in done.stderr
