"""What a recording says of itself once it is opened, held against its first picture or sound."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from service.media.reasons import UnfitError
from service.media.recordings import containers
from service.media.recordings.formats import COPIED_SOUND, COPIED_VIDEO, MAX_SECONDS, MAX_SIDE, PLAYED_PIXELS

_CONTAINERS = {
    "mp4": containers.ISO,
    "quicktime": containers.ISO,
    "x-m4a": containers.ISO,
    "webm": containers.WEBM,
}
FIRST_PACKETS = 500
"""So many packets may pass before a picture comes."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A recording: its demuxer, its best streams by number (None: it has none), and the picture as it is seen, upright."""

    demuxer: str
    video: int | None
    audio: int | None
    video_codec: str = ""
    audio_codec: str = ""
    pixels: str = ""
    width: int = 0
    height: int = 0
    rate: float = 0.0
    duration_ms: int = 0

    @property
    def video_copied(self) -> bool:
        """Whether its pictures can be played as they are."""
        return self.video_codec in COPIED_VIDEO and self.pixels in PLAYED_PIXELS

    @property
    def audio_copied(self) -> bool:
        """Whether its sound can be played as it is."""
        return self.audio_codec in COPIED_SOUND


def probe(path: Path, media_type: str) -> Probe:
    """Open a file of a declared type and decode its first picture, or sound. Raises UnfitError."""
    size = path.stat().st_size
    if not size:
        raise UnfitError("empty")
    with path.open("rb") as file:
        demuxer = containers.look(file, size)
    kind, _, form = media_type.partition("/")
    if _CONTAINERS.get(form) != demuxer:
        raise UnfitError("wrong_type")
    return opened(path, demuxer, video=kind == "video")


def opened(path: Path, demuxer: str, *, video: bool) -> Probe:
    """What PyAV finds in it. Raises UnfitError."""
    options = {"protocol_whitelist": "file", "max_streams": "64"}
    try:
        with av.open(str(path), format=demuxer, options=options, metadata_errors="ignore") as container:
            return _read(container, demuxer, video=video)
    except UnfitError:
        raise
    except Exception:
        # whatever a demuxer or decoder stumbles over, in its own way, is a file that it cannot read
        raise UnfitError("unreadable") from None


def _read(container: Any, demuxer: str, *, video: bool) -> Probe:
    duration_ms = max(0, (container.duration or 0) // 1000)
    if duration_ms > MAX_SECONDS * 1000:
        raise UnfitError("too_long")
    shown = [stream for stream in container.streams.video if not _is_cover(stream)]
    heard = [stream for stream in container.streams.audio if stream.codec_context is not None]
    if video and not shown:
        raise UnfitError("no_picture")
    if not video and (shown or not heard):
        raise UnfitError("wrong_type" if shown else "no_sound")
    sound = heard[0] if heard else None
    found = Probe(
        demuxer,
        video=shown[0].index if video else None,
        audio=sound.index if sound else None,
        audio_codec=sound.codec.canonical_name if sound else "",
        duration_ms=duration_ms,
    )
    return _with_picture(container, shown[0], found) if video else _with_sound(container, sound, found)


def _is_cover(stream: Any) -> bool:
    return stream.codec_context is None or bool(stream.disposition & av.stream.Disposition.attached_pic)


def _with_picture(container: Any, stream: Any, found: Probe) -> Probe:
    _demand_side(stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.options = {"max_pixels": str(MAX_SIDE * MAX_SIDE)}
    frame = _first(container, stream)
    _demand_side(frame.width, frame.height)
    seen = _seen_width(frame.width, stream.codec_context.sample_aspect_ratio)
    turned = round(frame.rotation / 90) % 2 == 1
    width, height = (frame.height, seen) if turned else (seen, frame.height)
    return Probe(
        found.demuxer,
        found.video,
        found.audio,
        video_codec=stream.codec.canonical_name,
        audio_codec=found.audio_codec,
        pixels=frame.format.name,
        width=width,
        height=height,
        rate=float(stream.average_rate or 0),
        duration_ms=found.duration_ms,
    )


def _seen_width(width: int, each: Fraction | None) -> int:
    """Pictures may be stored narrower than they are seen: `each` is how wide a pixel is for its height."""
    share = each if each and Fraction(1, 4) <= each <= 4 else 1
    return max(1, min(MAX_SIDE, round(width * share)))


def _with_sound(container: Any, stream: Any, found: Probe) -> Probe:
    _first(container, stream)
    return found


def _first(container: Any, stream: Any) -> Any:
    for number, packet in enumerate(container.demux(stream)):
        for frame in packet.decode():
            return frame
        if number > FIRST_PACKETS:
            break
    raise UnfitError("unreadable")


def _demand_side(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE:
        raise UnfitError("too_many_pixels")
