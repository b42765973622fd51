"""The colour profile of a photo, written anew: its numbers are kept, its words and whatever else lay in it are not.

ICC.1:2022. Cameras and phones describe their colours by three primaries and their curves (sRGB, Display P3, Adobe RGB)
or, for grey, by one curve; other profiles are no matter of a few numbers and are not written anew.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

LONGEST = 1 << 20
LONGEST_CURVE = 4096
_COLOURS: Mapping[bytes, tuple[bytes, ...]] = {
    b"RGB ": (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"),
    b"GRAY": (b"kTRC",),
}
_PARAMETERS = (1, 3, 4, 5, 7)
"""Of a parametric curve, by its kind."""
_D50 = (0xF6D6, 0x10000, 0xD32D)
_WHITE = b"XYZ " + struct.pack(">4x3I", *_D50)
_HEAD, _TAG = 128, struct.Struct(">4sII")


def plain(profile: bytes) -> bytes | None:
    """The same colours without a word; None when this profile says more than primaries and curves."""
    try:
        tags = _tags(profile)
        space = profile[16:20]
        if profile[20:24] != b"XYZ " or b"A2B0" in tags:
            return None
        colours = {name: _numbers(tags[name]) for name in _COLOURS[space]}
    except (KeyError, ValueError, IndexError, struct.error):
        return None
    words = _words("photo")
    return _profile(space, {b"desc": words, b"cprt": words, b"wtpt": _WHITE, **colours})


def is_grey(profile: bytes) -> bool:
    """Whether it speaks of grey alone."""
    return profile[16:20] == b"GRAY"


def _tags(profile: bytes) -> dict[bytes, bytes]:
    if len(profile) > LONGEST or profile[36:40] != b"acsp":
        raise ValueError("no profile")
    (count,) = struct.unpack_from(">I", profile, _HEAD)
    found = [_TAG.unpack_from(profile, _HEAD + 4 + _TAG.size * at) for at in range(min(count, 100))]
    return {name: profile[start : start + size] for name, start, size in found}


def _numbers(tag: bytes) -> bytes:
    """The tag read as numbers and written again. Raises ValueError for what no colour or curve would be."""
    kind = tag[:4]
    if kind == b"XYZ ":
        return kind + struct.pack(">4x3i", *struct.unpack_from(">3i", tag, 8))
    if kind == b"para":
        (form,) = struct.unpack_from(">H", tag, 8)
        layout = f">{_PARAMETERS[form]}i"
        return kind + struct.pack(">4xH2x", form) + struct.pack(layout, *struct.unpack_from(layout, tag, 12))
    if kind != b"curv":
        raise ValueError("neither a colour nor a curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    points = struct.unpack_from(f">{min(count, LONGEST_CURVE + 1)}H", tag, 12)
    if count > LONGEST_CURVE or list(points) != sorted(points):
        raise ValueError("a curve that does not rise")  # a hidden text would not
    return kind + struct.pack(">4xI", count) + struct.pack(f">{count}H", *points)


def _words(text: str) -> bytes:
    spelt = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">4xII2s2sII", 1, 12, b"en", b"US", len(spelt), 28) + spelt


def _profile(space: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    start = _HEAD + 4 + _TAG.size * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += _TAG.pack(name, start + len(content), len(tag))
        content += tag + bytes(-len(tag) % 4)
    size = start + len(content)
    head = struct.pack(">I4xI4s4s4s12x4s", size, 0x04300000, b"mntr", space, b"XYZ ", b"acsp")
    return head.ljust(68, b"\0") + struct.pack(">3I", *_D50).ljust(60, b"\0") + table + content
