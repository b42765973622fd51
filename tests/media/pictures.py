"""Pictures as phones and strangers make them."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

import piexif
from PIL import Image, ImageCms, PngImagePlugin

SECRETS = (b"GPSLatitude", b"taught by Hana", b"SecretCam", b"2026:11:20", b"48,51.5N", b"Room 12")
"""Words that a stored photo must not hold."""
XMP = b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/" GPSLatitude="48,51.5N"/>'


def halves(size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Red on the left, blue on the right: which side is up can be told."""
    image = Image.new("RGB", size, (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    return image


def jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    stored = BytesIO()
    (image or halves()).save(stored, "JPEG", quality=95, **options)
    return stored.getvalue()


def jpeg_of_a_phone(orientation: int = 6) -> bytes:
    """With EXIF (camera, time, GPS, orientation), XMP, a comment, a maker note and a colour profile."""
    exif = piexif.dump(
        {
            "0th": {piexif.ImageIFD.Make: b"SecretCam", piexif.ImageIFD.Orientation: orientation},
            "Exif": {
                piexif.ExifIFD.DateTimeOriginal: b"2026:11:20 10:00:00",
                piexif.ExifIFD.MakerNote: b"SecretCam knows Room 12",
            },
            "GPS": {
                piexif.GPSIFD.GPSLatitudeRef: b"N",
                piexif.GPSIFD.GPSLatitude: ((48, 1), (51, 1), (30, 1)),
            },
        }
    )
    plain = jpeg(exif=exif, comment=b"taught by Hana", icc_profile=srgb())
    segment = b"\xff\xe1" + struct.pack(">H", len(XMP) + 2) + XMP
    return plain[:2] + segment + plain[2:]


@cache  # it holds the moment in which it was made
def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def png(image: Image.Image | None = None, **options: Any) -> bytes:
    stored = BytesIO()
    (image or halves()).save(stored, "PNG", **options)
    return stored.getvalue()


def png_with_words() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "taught by Hana")
    words.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta GPSLatitude="48,51.5N"/>')
    words.add_text("Location", "Room 12", zip=True)
    return png(pnginfo=words)


def webp_with_words() -> bytes:
    stored = BytesIO()
    halves().save(
        stored,
        "WEBP",
        lossless=True,
        xmp=XMP,
        exif=piexif.dump({"0th": {piexif.ImageIFD.Make: b"SecretCam"}}),
    )
    return stored.getvalue()


def png_that_says_it_is(width: int, height: int) -> bytes:
    """A few bytes of PNG whose header promises a huge picture."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def is_red(image: Image.Image, at: tuple[int, int]) -> bool:
    red, _, blue = image.convert("RGB").getpixel(at)  # type: ignore[misc]  # a tuple, as the mode is RGB
    return bool(red > 200 and blue < 60)
