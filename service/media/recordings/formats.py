"""Which recordings are taken, how much of everything one may have, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

VIDEO = ("video/mp4", "video/quicktime", "video/webm")
SOUND = ("audio/mp4", "audio/x-m4a", "audio/webm")
RECORDINGS = frozenset({*VIDEO, *SOUND})

MAX_SECONDS = 4 * 60 * 60
MAX_SIDE = 4096
"""The longer side of a picture, in pixels."""
MAX_MOOV = 64 << 20
MAX_SAMPLES = 2_000_000
"""In one track: four hours at 120 pictures a second are less."""
MAX_EDITS = 1_000
MAX_TRACKS = 32

ORIGINAL, BLURRED, P720, P360, SOUND_ONLY = "original", "blurred", "720p", "360p", "sound"
POSTER, SHEET, WAVEFORM = "poster", "sheet", "waveform"
STREAMS = (ORIGINAL, BLURRED, P720, P360, SOUND_ONLY)
"""What is played: one file each, and beside it a playlist of its name that says which bytes are which seconds."""

PLAYLIST, JSON, JPEG = "application/vnd.apple.mpegurl", "application/json", "image/jpeg"
COPIED_VIDEO = frozenset({"h264", "hevc", "av1", "vp9"})
COPIED_SOUND = frozenset({"aac", "opus", "mp3"})
"""What is played by phones and browsers from an MP4 as it is."""
PLAYED_PIXELS = frozenset({"yuv420p", "yuvj420p", "nv12", "yuv420p10le"})
REMOVED_UNITS: Mapping[str, str] = MappingProxyType({"h264": "6", "hevc": "39-40", "av1": "5"})
"""Of a copied stream: the units (SEI, metadata OBU) in which cameras write what is no picture."""


def is_video(media_type: str) -> bool:
    """Whether a recording of this type has a picture."""
    return media_type.startswith("video/")


def stored_type(name: str, *, video: bool) -> str:
    """The type under which a file made of a recording is stored."""
    if name.endswith(".m3u8"):
        return PLAYLIST
    if name in (POSTER, SHEET):
        return JPEG
    if name.endswith(".json") or name == WAVEFORM:
        return JSON
    return "video/mp4" if video else "audio/mp4"
