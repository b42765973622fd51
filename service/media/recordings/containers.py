"""The outermost bytes of a recording, read before any decoder sees them: what it is, and whether it could be a trap.

ISO/IEC 14496-12 (MP4, MOV, M4A) and the EBML head of WebM (RFC 8794). Reads headers and counts only, a bounded number.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from service.media.reasons import UnfitError
from service.media.recordings.formats import MAX_EDITS, MAX_MOOV, MAX_SAMPLES, MAX_TRACKS

ISO, WEBM = "mov", "matroska"
"""By the names of FFmpeg's demuxers."""
_BRANDS = (
    b"iso",
    b"mp4",
    b"avc",
    b"M4V",
    b"M4A",
    b"M4B",
    b"MSNV",
    b"3gp",
    b"3g2",
    b"dash",
    b"hvc1",
    b"cmf",
    b"qt  ",
)
_HEAD, _LARGE = struct.Struct(">I4s"), struct.Struct(">Q")
_COUNTED = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stco": 4, b"co64": 8, b"stss": 4}
"""Tables of a track: how many bytes an entry has."""
_NESTED = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex"})
_MAX_BOXES = 100_000
_MAX_FTYP = 1024
_EBML, _SEGMENT, _DOCTYPE = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x42\x82"


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, and where its content begins and ends."""

    kind: bytes
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of content."""
        return self.end - self.start


def sniffed(file: BinaryIO, size: int) -> str:
    """`ISO`, `WEBM` or an empty word, by the first bytes."""
    file.seek(0)
    head = file.read(64)
    if head[4:8] == b"ftyp" and head[8:12].startswith(_BRANDS):
        return ISO if 8 <= _HEAD.unpack_from(head)[0] <= min(_MAX_FTYP, size) else ""
    return WEBM if head.startswith(_EBML) and _doctype(head) == b"webm" else ""


def look(file: BinaryIO, size: int) -> str:
    """The demuxer for this file. Raises UnfitError: `wrong_type`, `truncated`, `too_complex` or `unreadable`."""
    found = sniffed(file, size)
    if found == ISO:
        _look_at_boxes(file, size)
    elif found == WEBM:
        _look_at_segment(file, size)
    else:
        raise UnfitError("wrong_type")
    return found


def _look_at_boxes(file: BinaryIO, size: int) -> None:
    """Every box at the top must fit, to the last byte: what is hung on behind would be another file in this one."""
    movies = 0
    for box in _boxes(file, 0, size):
        if box.kind == b"moov":
            movies += 1
            if box.size > MAX_MOOV:
                raise UnfitError("too_complex")
            _look_at_tracks(file, box)
    if movies != 1:
        raise UnfitError("unreadable")


def _look_at_tracks(file: BinaryIO, movie: Box) -> None:
    waiting, tracks, boxes = [(movie, b"")], 0, 0
    while waiting:
        outer, handler = waiting.pop()
        inner = list(_boxes(file, outer.start, outer.end))
        boxes += len(inner)
        tracks += sum(box.kind == b"trak" for box in inner)
        if boxes > _MAX_BOXES or tracks > MAX_TRACKS:
            raise UnfitError("too_complex")
        handler = next((_word(file, box, 8) for box in inner if box.kind == b"hdlr"), handler)
        for box in inner:
            _look_at_table(file, box, handler)
            if box.kind in _NESTED and box.kind != outer.kind:
                waiting.append((box, handler))


def _look_at_table(file: BinaryIO, box: Box, handler: bytes) -> None:
    if box.kind in _COUNTED:
        _demand_count(_number(file, box, 4), MAX_SAMPLES, _COUNTED[box.kind], box.size - 8)
    elif box.kind == b"elst":
        _demand_count(_number(file, box, 4), MAX_EDITS, 12, box.size - 8)
    elif box.kind == b"stsz":
        each, count = _number(file, box, 4), _number(file, box, 8)
        if each and handler == b"soun":
            return  # plain samples of sound: millions of them are some minutes
        _demand_count(count, MAX_SAMPLES, 0 if each else 4, box.size - 12)


def _demand_count(count: int, most: int, width: int, room: int) -> None:
    if count > most:
        raise UnfitError("too_complex")
    if count * width > room:
        raise UnfitError("unreadable")


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    count = 0
    while start < end:
        box = _box(file, start, end)
        start, count = box.end, count + 1
        if count > _MAX_BOXES:
            raise UnfitError("too_complex")
        yield box


def _box(file: BinaryIO, start: int, end: int) -> Box:
    file.seek(start)
    head = file.read(16)
    if len(head) < 8 or (start + 8 > end):
        raise UnfitError("truncated")
    size, kind = _HEAD.unpack_from(head)
    begins = start + 8
    if size == 1 and len(head) == 16:
        size, begins = _LARGE.unpack_from(head, 8)[0], start + 16
    elif size == 0:
        size = end - start  # to the end
    if start + size < begins or not _is_kind(kind):
        raise UnfitError("unreadable")
    if start + size > end:
        raise UnfitError("truncated")
    return Box(kind, begins, start + size)


def _is_kind(kind: bytes) -> bool:
    return all(32 <= byte < 127 or byte == 0xA9 for byte in kind)


def _number(file: BinaryIO, box: Box, offset: int) -> int:
    return int.from_bytes(_word(file, box, offset))


def _word(file: BinaryIO, box: Box, offset: int) -> bytes:
    if box.size < offset + 4:
        raise UnfitError("unreadable")
    file.seek(box.start + offset)
    return file.read(4)


def _doctype(head: bytes) -> bytes:
    at = head.find(_DOCTYPE, 4)
    if at < 0 or at + 3 > len(head):
        return b""
    length = head[at + 2] & 0x7F
    return head[at + 3 : at + 3 + length].rstrip(b"\0")


def _look_at_segment(file: BinaryIO, size: int) -> None:
    """The one segment of a WebM must end where the file ends; one of unknown length goes on to the end."""
    file.seek(4)
    length, width = _vint(file.read(8))
    begins = 4 + width + length
    file.seek(begins)
    head = file.read(12)
    if not head.startswith(_SEGMENT):
        raise UnfitError("unreadable")
    length, width = _vint(head[4:])
    if length == (1 << 7 * width) - 1:
        return
    ends = begins + 4 + width + length
    if ends != size:
        raise UnfitError("truncated" if ends > size else "unreadable")


def _vint(data: bytes) -> tuple[int, int]:
    """A number of EBML, and how many bytes it takes."""
    width = 9 - (data[0].bit_length() if data else 0)
    if width > 8 or len(data) < width:
        raise UnfitError("unreadable")
    return int.from_bytes(data[:width]) & ((1 << 7 * width) - 1), width
