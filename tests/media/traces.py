"""What a stored file still says beside its picture or sound: words, places, makers, and parts that nobody needs.

It looks twice: for words and marks anywhere in the bytes, packed text chunks and profiles included; and at the parts of
the file one by one, of which only those are known that a picture or a recording needs.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress

CANARY = "Canary-Hana12"
"""What the files of tests say in every place where words fit."""
LATITUDE, LONGITUDE = "48.8577", "2.2950"
"""Where they say that they were taken."""
RATIONALS = ((48, 1), (51, 1), (2772, 100))
"""The same latitude as EXIF writes it."""

_RATIONAL = [number for pair in RATIONALS for number in pair]
_MARKS = {
    "canary": CANARY.encode(),
    "canary in UTF-16": CANARY.encode("utf-16-le"),
    "canary in UTF-16, the other way": CANARY.encode("utf-16-be"),
    "coordinates": LATITUDE.encode(),
    "coordinates of EXIF": struct.pack(">6I", *_RATIONAL),
    "coordinates of EXIF, the other way": struct.pack("<6I", *_RATIONAL),
    "Exif": b"Exif\0\0",
    "XMP": b"http://ns.adobe.com/",
    "XMP packet": b"<x:xmpmeta",
    "IPTC": b"Photoshop 3.0",
    "GPS": b"GPSLatitude",
    "encoder": b"Lavf",
    "encoder's options": b"x264 - core",
}
_JPEG_KEEPS = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xE2, 0xEE})
_PNG_KEEPS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"iCCP", b"tRNS"})
_WEBP_KEEPS = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"})
_BOXES_INSIDE = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex", b"udta"}
)
_BOXES_KEPT = _BOXES_INSIDE | frozenset({
    b"ftyp", b"styp", b"sidx", b"mdat", b"free", b"mfra", b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"vmhd", b"smhd", b"dinf",
    b"stsd", b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"co64", b"stss", b"sgpd", b"sbgp", b"elst", b"mehd", b"trex",
    b"mfhd", b"tfhd", b"tfdt", b"trun", b"prft",
})  # fmt: skip
_EMPTY_META = b"\0\0\0\x21hdlr" + bytes(8) + b"mdirappl" + bytes(9) + b"\0\0\0\x08ilst"
"""What FFmpeg leaves where words would be: a place for them, and none in it."""


def traces(content: bytes) -> list[str]:
    """What was found that should not be there, in a few words each; nothing in a clean file."""
    found = [name for name, mark in _MARKS.items() if any(mark in part for part in _unpacked(content))]
    return found + list(_foreign_parts(content))


def _unpacked(content: bytes) -> Iterator[bytes]:
    yield content
    if content.startswith(b"\x89PNG"):
        for name, chunk in _png_chunks(content):
            if name in (b"zTXt", b"iTXt", b"iCCP"):
                yield from _inflated(chunk)


def _inflated(chunk: bytes) -> Iterator[bytes]:
    """Whatever in it can be inflated: the words before the packed ones have several shapes."""
    for start in range(min(len(chunk), 200)):
        with suppress(zlib.error):
            yield zlib.decompressobj().decompress(chunk[start:], 1 << 24)


def _foreign_parts(content: bytes) -> Iterator[str]:
    if content.startswith(b"\xff\xd8"):
        yield from _of_jpeg(content)
    elif content.startswith(b"\x89PNG"):
        chunks = list(_png_chunks(content))
        yield from (f"chunk {name!r}" for name, _ in chunks if name not in _PNG_KEEPS)
        if len(content) > 8 + sum(12 + len(chunk) for _, chunk in chunks):
            yield "bytes after the end"
    elif content[:4] == b"RIFF":
        yield from _of_webp(content)
    elif content[4:8] in (b"ftyp", b"styp", b"moof"):
        yield from (f"box {kind!r}" for kind in _boxes(content, 0, len(content)))


def _of_jpeg(content: bytes) -> Iterator[str]:
    at, scanned = 2, False
    while content[at : at + 2] != b"\xff\xd9":
        if at + 4 > len(content) or content[at] != 0xFF:
            yield "no end"
            return
        kind, (length,) = content[at + 1], struct.unpack_from(">H", content, at + 2)
        if kind not in _JPEG_KEEPS:
            yield f"segment {kind:02X}"
        if kind == 0xE2 and content[at + 4 : at + 15] != b"ICC_PROFILE":
            yield "segment E2 that is no profile"
        at += 2 + length
        scanned = kind == 0xDA
        while scanned and not (content[at] == 0xFF and content[at + 1] not in (0, *range(0xD0, 0xD8))):
            at += 1
    if at + 2 != len(content):
        yield "bytes after the end"


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, name = 8, b""
    while at + 8 <= len(content) and name != b"IEND":
        (length,) = struct.unpack_from(">I", content, at)
        name = content[at + 4 : at + 8]
        yield name, content[at + 8 : at + 8 + length]
        at += 12 + length


def _of_webp(content: bytes) -> Iterator[str]:
    at = 12
    while at + 8 <= len(content):
        name, (length,) = content[at : at + 4], struct.unpack_from("<I", content, at + 4)
        if name not in _WEBP_KEEPS:
            yield f"chunk {name!r}"
        at += 8 + length + length % 2


def _boxes(content: bytes, start: int, end: int) -> Iterator[bytes]:
    """The boxes that no recording needs."""
    while start + 8 <= end:
        (size,) = struct.unpack_from(">I", content, start)
        kind, head = content[start + 4 : start + 8], 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", content, start + 8), 16
        stop = min(start + size if size >= head else end, end)
        if kind in _BOXES_INSIDE:
            yield from _boxes(content, start + head, stop)
        elif kind not in _BOXES_KEPT and content[start + 12 : stop] != _EMPTY_META:
            yield kind
        start = stop
