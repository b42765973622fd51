"""Photos as cameras, phones and programmes write them: one for each place where words hide, all with the same canary."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

import piexif
import pillow_heif
from PIL import Image, PngImagePlugin

from tests.media.pictures import halves, jpeg, png, srgb
from tests.media.traces import CANARY, LATITUDE, LONGITUDE, RATIONALS

WORD = CANARY.encode()
XMP = (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description dc:creator="{CANARY}"'
    f' exif:GPSLatitude="{LATITUDE}" exif:GPSLongitude="{LONGITUDE}"/></x:xmpmeta>'
).encode()


@cache
def exif() -> bytes:
    """Maker, maker note, comment, place, and a small picture that has a comment of its own."""
    return piexif.dump(
        {
            "0th": {piexif.ImageIFD.Make: b"SecretCam", piexif.ImageIFD.Artist: WORD},
            "Exif": {
                piexif.ExifIFD.MakerNote: b"MAKER\0" + WORD,
                piexif.ExifIFD.UserComment: b"UNICODE\0" + CANARY.encode("utf-16-le"),
            },
            "GPS": {piexif.GPSIFD.GPSLatitudeRef: b"N", piexif.GPSIFD.GPSLatitude: RATIONALS},
            "1st": {piexif.ImageIFD.Make: WORD},
            "thumbnail": jpeg(halves((16, 8)), comment=WORD),
        }
    )


@cache
def telling_profile() -> bytes:
    """sRGB under another name."""
    profile = srgb()
    name = "sRGB built-in".encode("utf-16-be")
    assert name in profile
    return profile.replace(name, CANARY.encode("utf-16-be"))


def segment(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(content) + 2) + content


def with_segment(kind: int, content: bytes) -> bytes:
    """A JPEG with one more segment."""
    plain = jpeg()
    return plain[:2] + segment(kind, content) + plain[2:]


def extended_xmp() -> bytes:
    """What did not fit into one segment of XMP."""
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0123456789ABCDEF" * 2
    return with_segment(0xE1, head + struct.pack(">II", len(XMP), 0) + XMP)


def iptc() -> bytes:
    caption = b"\x1c\x02\x78" + struct.pack(">H", len(WORD)) + WORD
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(caption)) + caption
    return with_segment(0xED, b"Photoshop 3.0\0" + resource)


def several_pictures() -> bytes:
    """A depth map or the like behind the photo, as phones write it (MPF)."""
    stored = BytesIO()
    halves().save(stored, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 32))], comment=WORD)
    return stored.getvalue() + jpeg(comment=WORD)


def png_with_text(kind: str) -> bytes:
    words = PngImagePlugin.PngInfo()
    if kind == "iTXt":
        words.add_itxt("Comment", CANARY + LATITUDE, zip=True)
    else:
        words.add_text("Comment", CANARY + LATITUDE, zip=kind == "zTXt")
    return png(pnginfo=words)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_with_chunk(name: bytes, content: bytes) -> bytes:
    plain = png()
    return plain[:33] + chunk(name, content) + plain[33:]


def webp(**options: Any) -> bytes:
    stored = BytesIO()
    halves().save(stored, "WEBP", lossless=True, **options)
    return stored.getvalue()


def heic(image: Image.Image | None = None, **options: Any) -> bytes:
    stored = BytesIO()
    pillow_heif.from_pillow(image or halves((96, 64))).save(stored, quality=90, **options)
    return stored.getvalue()


def moving(format_: str) -> bytes:
    """The second picture is black."""
    stored = BytesIO()
    halves().save(stored, format_, save_all=True, append_images=[Image.new("RGB", (64, 32))], duration=100)
    return stored.getvalue()


@cache
def telling() -> dict[str, tuple[str, bytes]]:
    """By the place where it says too much: the media type and the file."""
    return {
        "JPEG EXIF": ("image/jpeg", jpeg(exif=exif())),
        "JPEG XMP": ("image/jpeg", with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)),
        "JPEG XMP extended": ("image/jpeg", extended_xmp()),
        "JPEG IPTC": ("image/jpeg", iptc()),
        "JPEG profile": ("image/jpeg", jpeg(icc_profile=telling_profile())),
        "JPEG comment": ("image/jpeg", jpeg(comment=WORD)),
        "JPEG of several": ("image/jpeg", several_pictures()),
        "JPEG APP11": ("image/jpeg", with_segment(0xEB, b"JP\0\1" + WORD)),
        "JPEG tail": ("image/jpeg", jpeg() + WORD),
        "PNG tEXt": ("image/png", png_with_text("tEXt")),
        "PNG zTXt": ("image/png", png_with_text("zTXt")),
        "PNG iTXt": ("image/png", png_with_text("iTXt")),
        "PNG eXIf": ("image/png", png_with_chunk(b"eXIf", exif()[6:])),
        "PNG profile": ("image/png", png(icc_profile=telling_profile())),
        "PNG own chunk": ("image/png", png_with_chunk(b"caNa", b"anything")),
        "PNG tail": ("image/png", png() + b"<?php system($_GET[0]);"),
        "APNG": ("image/png", moving("PNG")),
        "WebP EXIF": ("image/webp", webp(exif=exif())),
        "WebP XMP": ("image/webp", webp(xmp=XMP)),
        "WebP profile": ("image/webp", webp(icc_profile=telling_profile())),
        "WebP moving": ("image/webp", moving("WEBP")),
        "HEIC EXIF": ("image/heic", heic(exif=exif())),
        "HEIC XMP": ("image/heic", heic(xmp=XMP)),
        "HEIF both": ("image/heif", heic(exif=exif(), xmp=XMP)),
    }
