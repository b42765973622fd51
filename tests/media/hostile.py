"""Photos made to harm: of another kind than they say, far larger than they look, broken, or all of it at random."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.media.cameras import chunk, exif, heic, telling_profile, webp
from tests.media.pictures import halves, jpeg, png, png_that_says_it_is

SCRIPT = b"<script>alert('Hana')</script>"
PHP = b"<?php system($_GET[0]); ?>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("evil.html", SCRIPT)
    return packed.getvalue()


def png_that_inflates(size: int) -> bytes:
    """A small picture whose packed pixels become `size` bytes."""
    packer, piece = zlib.compressobj(9), bytes(1 << 20)
    first = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)  # refers to nothing before it
    packed = first + again * ((size >> 20) - 1)
    header = struct.pack(">IIBBBBB", 64, 32, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def png_with_packed_text(size: int) -> bytes:
    plain = png()
    return plain[:33] + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(size), 9)) + plain[33:]


def webp_that_says_it_is(width: int, height: int) -> bytes:
    plain = webp()
    at = plain.index(b"VP8L") + 9
    (bits,) = struct.unpack_from("<I", plain, at)
    bits = bits & ~((1 << 28) - 1) | (width - 1) | (height - 1) << 14
    return plain[:at] + struct.pack("<I", bits) + plain[at + 4 :]


def jpeg_that_says_it_is(width: int, height: int) -> bytes:
    plain = jpeg()
    at = plain.index(b"\xff\xc0") + 5
    return plain[:at] + struct.pack(">HH", height, width) + plain[at + 4 :]


def heic_that_says_it_is(width: int, height: int) -> bytes:
    """Every picture in it claims this size."""
    plain, at = bytearray(heic()), -1
    while (at := plain.find(b"ispe", at + 1)) >= 0:
        plain[at + 8 : at + 16] = struct.pack(">II", width, height)
    return bytes(plain)


def box(kind: bytes, content: bytes, *, full: bytes | None = None) -> bytes:
    inside = (full or b"") + content
    return struct.pack(">I", 8 + len(inside)) + kind + inside


def heic_of_tiles(rows: int, columns: int, width: int, height: int) -> bytes:
    """A picture that is a grid of tiles, each the same item, which is the grid itself."""
    grid = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)
    tiles = rows * columns
    version = b"\0\0\0\0"
    items = b"".join(
        box(b"infe", struct.pack(">HH4s", item, 0, b"grid") + b"\0", full=b"\2\0\0\0") for item in (1, 2)
    )
    reference = box(b"dimg", struct.pack(">HH", 1, tiles) + struct.pack(">H", 1) * tiles)
    size = box(b"ispe", struct.pack(">II", width, height), full=version)
    association = struct.pack(">IHBB", 1, 1, 1, 0x81)
    properties = box(b"ipco", size) + box(b"ipma", association, full=version)
    location = struct.pack(">BBHHHHHII", 0x44, 0, 1, 1, 1, 0, 1, 0, len(grid))
    meta = b"".join(
        [
            box(b"hdlr", struct.pack(">I4s12x", 0, b"pict") + b"\0", full=version),
            box(b"pitm", struct.pack(">H", 1), full=version),
            box(b"iinf", struct.pack(">H", 2) + items, full=version),
            box(b"iref", reference, full=version),
            box(b"iprp", properties),
            box(b"iloc", location, full=b"\1\0\0\0"),
            box(b"idat", grid),
        ]
    )
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", meta, full=version)


REFUSED: dict[str, tuple[str, Callable[[], bytes], frozenset[str]]] = {
    name: (media_type, made, frozenset(reasons.split()))
    for name, media_type, made, reasons in [
        ("no bytes", "image/jpeg", lambda: b"", "empty"),
        ("SVG", "image/jpeg", lambda: SVG, "wrong_type"),
        ("SVG as WebP", "image/webp", lambda: SVG, "wrong_type"),
        ("HTML", "image/jpeg", lambda: b"<!DOCTYPE html>" + SCRIPT, "wrong_type"),
        ("HTML as PNG", "image/png", lambda: b"<html>" + SCRIPT, "wrong_type"),
        ("script as HEIC", "image/heic", lambda: SCRIPT * 9, "wrong_type"),
        ("video as HEIC", "image/heic", lambda: box(b"ftyp", b"isom\0\0\0\0mp41") + bytes(99), "wrong_type"),
        ("GIF and script", "image/png", lambda: b"GIF89a/*" + bytes(99) + b"*/=1;alert(1)", "wrong_type"),
        ("archive", "image/jpeg", archive, "wrong_type"),
        ("PNG of 50,000 x 50,000", "image/png", lambda: png_that_says_it_is(50_000, 50_000), "too_many_pixels"),
        ("PNG of 1 x 100,000,000", "image/png", lambda: png_that_says_it_is(1, 100_000_000), "too_many_pixels"),
        ("PNG of 100,000,000 x 1", "image/png", lambda: png_that_says_it_is(100_000_000, 1), "too_many_pixels"),
        ("PNG of 2^31 x 2^31", "image/png", lambda: png_that_says_it_is(2**31 - 1, 2**31 - 1), "too_many_pixels"),
        ("JPEG of 65,535 x 65,535", "image/jpeg", lambda: jpeg_that_says_it_is(65_535, 65_535), "too_many_pixels"),
        ("WebP of 16,384 x 16,384", "image/webp", lambda: webp_that_says_it_is(16_384, 16_384), "too_many_pixels unreadable"),
        ("HEIC of 60,000 x 60,000", "image/heic", lambda: heic_that_says_it_is(60_000, 60_000), "too_many_pixels unreadable"),
        ("HEIC of 2^32 x 2^32", "image/heic", lambda: heic_that_says_it_is(2**32 - 1, 2**32 - 1), "too_many_pixels unreadable"),
        ("HEIC of another size", "image/heic", lambda: heic_that_says_it_is(6_000, 6_000), "unreadable"),
        ("HEIC of 255 x 256 tiles", "image/heic", lambda: heic_of_tiles(255, 256, 2**31, 2**31), "too_many_pixels unreadable"),
        ("HEIC of 30 x 30 tiles", "image/heic", lambda: heic_of_tiles(30, 30, 2**31, 2**31), "too_many_pixels unreadable"),
        ("HEIC of tiles of itself", "image/heic", lambda: heic_of_tiles(2, 2, 640, 480), "unreadable"),
        ("PNG with a packed text of 100 MB", "image/png", lambda: png_with_packed_text(100 << 20), "unreadable"),
    ]
}  # fmt: skip
"""What must not be shown, and the reasons that may be told: by name, the type, what makes the file, the reasons."""

REDRAWN: dict[str, tuple[str, Callable[[], bytes], bytes]] = {
    "JPEG and archive": ("image/jpeg", lambda: jpeg() + archive(), b"PK\3\4"),
    "JPEG with HTML in its comment": ("image/jpeg", lambda: jpeg(comment=SCRIPT), SCRIPT),
    "JPEG with HTML in its EXIF": ("image/jpeg", lambda: jpeg(exif=b"Exif\0\0" + SCRIPT), SCRIPT),
    "PNG and HTML": ("image/png", lambda: png() + b"<html>" + SCRIPT, SCRIPT),
    "PNG and PHP": ("image/png", lambda: png() + PHP, PHP),
    "PNG with PHP in a chunk": ("image/png", lambda: png()[:33] + chunk(b"tEXt", b"a\0" + PHP) + png()[33:], PHP),
    "WebP and PHP": ("image/webp", lambda: webp() + PHP, PHP),
    "HEIC and HTML": ("image/heic", lambda: heic() + box(b"free", SCRIPT), SCRIPT),
    "PNG that inflates to 2 GB": ("image/png", lambda: png_that_inflates(2 << 30), b"\0" * 65),
}  # fmt: skip
"""What is a photo and something else too: the type, what makes the file, and what must not be left of it."""


def seeds() -> dict[str, tuple[str, bytes]]:
    """What is mutated: small, and with every kind of metadata."""
    image = halves((48, 32))
    return {
        "JPEG": ("image/jpeg", jpeg(image, exif=exif(), icc_profile=telling_profile())),
        "PNG": ("image/png", png(image, exif=exif(), icc_profile=telling_profile())),
        "WebP": ("image/webp", webp(exif=exif(), icc_profile=telling_profile())),
        "HEIC": ("image/heic", heic(exif=exif())),
    }


def with_checksums(content: bytes) -> bytes:
    """A PNG whose checksums are right again, or it would be put away for them alone."""
    if not content.startswith(b"\x89PNG"):
        return content
    mended, at = bytearray(content), 8
    while at + 12 <= len(mended):
        (length,) = struct.unpack_from(">I", mended, at)
        if at + 12 + length > len(mended):
            break
        end = at + 8 + length
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(mended[at + 4 : end]))
        at = end + 4
    return bytes(mended)


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, taken away, doubled, or numbers made extreme."""
    content = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(content))
        how = chance.randrange(6)
        if how == 0:
            content[at] ^= 1 << chance.randrange(8)
        elif how == 1:
            content[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"))
        elif how == 2:
            del content[at : at + chance.randrange(1, 64)]
        elif how == 3:
            content[at:at] = content[at : at + chance.randrange(1, 64)]
        elif how == 4:
            content[at : at + 8] = chance.randbytes(8)
        else:
            del content[max(8, at) :]
        if not content:
            break
    return with_checksums(bytes(content))
