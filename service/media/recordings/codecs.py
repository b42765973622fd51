"""What a player must be able to decode, read from the head of a recording of ours: the words of RFC 6381.

ISO/IEC 14496-12 (boxes), 14496-15 (avcC, hvcC), the bindings of AV1 and VP9 to ISO BMFF.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

_SAMPLES = (b"mdia", b"minf", b"stbl", b"stsd")
_VISUAL, _AUDIO = 78, 28
"""Bytes of a sample entry before its own boxes."""
_SPECIFIC, _CONFIG = 0x05, 0x04
_MPEG4_AUDIO = 0x40


@dataclass(frozen=True, slots=True)
class Described:
    """The codecs of a stream in the words that players ask about, and the size of its picture as it is coded, if any."""

    codecs: tuple[str, ...]
    width: int = 0
    height: int = 0


def described(head: bytes) -> Described:
    """What the head of a fragmented MP4 (`ftyp` and `moov`) says. Of a codec that is not known here nothing is said."""
    codecs: list[str] = []
    width = height = 0
    for kind, entry in _entries(head):
        if kind not in _WORDS:
            continue
        start, word = _WORDS[kind]
        with suppress(LookupError, ValueError, struct.error):  # half a description is none
            codecs.append(word(kind.decode(), dict(_boxes(entry[start:]))))
            if start == _VISUAL:
                width, height = struct.unpack_from(">HH", entry, 24)
    return Described(tuple(codecs), width, height)


def _entries(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, track in _boxes(dict(_boxes(head)).get(b"moov", b"")):
        if kind == b"trak":
            content = track
            for name in _SAMPLES:
                content = dict(_boxes(content)).get(name, b"")
            yield from _boxes(content[8:])


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 0
    while start + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, start)
        if size < 8:
            return
        yield kind, content[start + 8 : start + size]
        start += size


def _h264(name: str, boxes: Mapping[bytes, bytes]) -> str:
    return f"{name}.{boxes[b'avcC'][1:4].hex().upper()}"


def _hevc(name: str, boxes: Mapping[bytes, bytes]) -> str:
    """ISO/IEC 14496-15, annex E: profile, compatibility (its bits turned round), tier and level, constraints."""
    config = boxes[b"hvcC"]
    space = ("", "A", "B", "C")[config[1] >> 6]
    (compatible,) = struct.unpack_from(">I", config, 2)
    tier = "H" if config[1] & 0x20 else "L"
    constraints = "".join(f".{byte:X}" for byte in config[6:12].rstrip(b"\0"))
    turned = int(f"{compatible:032b}"[::-1], 2)
    return f"{name}.{space}{config[1] & 0x1F}.{turned:X}.{tier}{config[12]}{constraints}"


def _vp9(name: str, boxes: Mapping[bytes, bytes]) -> str:
    profile, level, depth = boxes[b"vpcC"][4:7]
    return f"{name}.{profile:02d}.{level:02d}.{depth >> 4:02d}"


def _av1(name: str, boxes: Mapping[bytes, bytes]) -> str:
    profile, flags = boxes[b"av1C"][1:3]
    depth = 12 if flags & 0x20 else 10 if flags & 0x40 else 8
    return f"{name}.{profile >> 5}.{profile & 0x1F:02d}{'H' if flags & 0x80 else 'M'}.{depth:02d}"


def _mpeg_sound(name: str, boxes: Mapping[bytes, bytes]) -> str:
    config = dict(_descriptors(boxes[b"esds"][4:]))
    kind = config[_CONFIG][0]
    if kind != _MPEG4_AUDIO:
        return f"{name}.{kind:02X}"
    return f"{name}.{kind:x}.{config[_SPECIFIC][0] >> 3}"


def _descriptors(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each descriptor and those within it: the first has three bytes of its own, the second thirteen (14496-1)."""
    at = 0
    while at < len(content):
        tag, size, at = content[at], 0, at + 1
        while content[at] & 0x80:
            size, at = size << 7 | content[at] & 0x7F, at + 1
        size, at = size << 7 | content[at], at + 1
        yield tag, content[at : at + size]
        at += {0x03: 3, _CONFIG: 13}.get(tag, size)


Word = Callable[[str, Mapping[bytes, bytes]], str]
_WORDS: Mapping[bytes, tuple[int, Word]] = MappingProxyType(
    {
        b"avc1": (_VISUAL, _h264),
        b"hvc1": (_VISUAL, _hevc),
        b"vp09": (_VISUAL, _vp9),
        b"av01": (_VISUAL, _av1),
        b"mp4a": (_AUDIO, _mpeg_sound),
        b"Opus": (_AUDIO, lambda name, boxes: "opus"),
        b".mp3": (_AUDIO, lambda name, boxes: "mp4a.6B"),
    }
)
