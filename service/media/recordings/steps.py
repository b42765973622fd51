"""What is done with a recording, each step in the directory in which the process runs: it holds nothing else.

A step leaves files by the names of what they are, and returns what the record is told.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from service.media.reasons import UnfitError
from service.media.recordings import blurring, ffmpeg
from service.media.recordings.ffmpeg import Source
from service.media.recordings.formats import (
    BLURRED,
    MAX_SECONDS,
    ORIGINAL,
    P360,
    P720,
    POSTER,
    SHEET,
    SOUND_ONLY,
    WAVEFORM,
    is_video,
)
from service.media.recordings.probe import opened, probe

Percent = Callable[[int], None]
Made = dict[str, Any]

PEAKS = 600
"""Points of a waveform, however long the recording."""
TILES, COLUMNS, TILE_SIDE = 100, 10, 160
"""Pictures in a sheet at most, in a row, and the longer side of each in pixels."""
LOUDEST = 32768
_WAVE = "wave.raw"
_DURATION = re.compile(r"^#EXTINF:([0-9.]+)", re.MULTILINE)


def look(source: Path, media_type: str, percent: Percent) -> Made:
    """Look whether the file is what it is said to be, and whether faces in it can be blurred; make nothing of it yet."""
    blurring.demand_blurring()
    found = probe(source, media_type)
    return {"duration_ms": found.duration_ms, "width": found.width or None, "height": found.height or None}


def make_playable(source: Path, media_type: str, percent: Percent) -> Made:
    """Look whether the file is what it is said to be, and make it playable: `original`, and the poster of a video."""
    found = Source(source, probe(source, media_type))
    return _playable(found, ffmpeg.original(found), percent)


def cut(source: Path, media_type: str, from_ms: int, until_ms: int, percent: Percent) -> Made:
    """The piece between two moments of a recording of ours, as a recording of its own."""
    found = Source(source, opened(source, "mov", video=is_video(media_type)))
    return _playable(found, ffmpeg.excerpt(found, from_ms, until_ms), percent)


def transcode(source: Path, media_type: str, duration_ms: int, percent: Percent) -> Made:
    """Everything smaller: 720p, 360p, a sheet of pictures and the waveform; of sound, small sound and the waveform."""
    with source.open("rb") as file:
        demuxer = "mov" if file.read(8)[4:] == b"ftyp" else "matroska"
    found = Source(source, opened(source, demuxer, video=is_video(media_type)))
    made = _video(found, duration_ms, percent) if found.probe.video is not None else _sound(found, percent)
    if found.probe.audio is not None:
        _write(WAVEFORM, waveform(Path(_WAVE), duration_ms))
        made.append(WAVEFORM)
    return {"renditions": made}


def blur(source: Path, media_type: str, percent: Percent) -> Made:
    """Make it playable without a face in it: `blurred`, and its poster."""
    found = Source(source, probe(source, media_type))
    blurring.blur(found, BLURRED, lambda ms: percent(_share(ms, found.probe.duration_ms)))
    return _shown(BLURRED, video=True)


def _playable(source: Source, command: list[str], percent: Percent) -> Made:
    ffmpeg.run(command, lambda ms: percent(_share(ms, source.probe.duration_ms)))
    return _shown(ORIGINAL, video=source.probe.video is not None)


def _shown(name: str, *, video: bool) -> Made:
    """What there is to say of what is played, and its first picture."""
    duration_ms = played_ms(Path(f"{name}.m3u8"))
    made: Made = {"renditions": [name], "duration_ms": duration_ms}
    if not video:
        return made
    shown = Source(Path(name), opened(Path(name), "mov", video=True))
    ffmpeg.run(ffmpeg.poster(shown, min(1000, duration_ms // 10), POSTER))
    if not Path(POSTER).is_file():
        raise UnfitError("unreadable")
    made["renditions"].append(POSTER)
    return made | {"width": shown.probe.width, "height": shown.probe.height}


def _video(source: Source, duration_ms: int, percent: Percent) -> list[str]:
    names = [name for name in (P720, P360) if ffmpeg.fits(source.probe, name)]
    layout = sheet_of(source.probe.width, source.probe.height, duration_ms)
    wave = _WAVE if source.probe.audio is not None else None
    command = ffmpeg.renditions(source, names, _sheet_filters(layout), wave)
    ffmpeg.run(command, lambda ms: percent(_share(ms, duration_ms)))
    _write(f"{SHEET}.json", layout)
    return [*names, SHEET]


def _sound(source: Source, percent: Percent) -> list[str]:
    command = ffmpeg.sound(source, SOUND_ONLY, _WAVE)
    ffmpeg.run(command, lambda ms: percent(_share(ms, source.probe.duration_ms)))
    return [SOUND_ONLY]


def played_ms(playlist: Path) -> int:
    """How long a playlist plays. Raises UnfitError when it is nothing, or more than is taken."""
    seconds = sum(float(found) for found in _DURATION.findall(playlist.read_text()))
    if seconds > MAX_SECONDS:
        raise UnfitError("too_long")
    if seconds <= 0:
        raise UnfitError("unreadable")
    return round(seconds * 1000)


def sheet_of(width: int, height: int, duration_ms: int) -> dict[str, Any]:
    """How the sheet is laid out: which moment is in which tile."""
    every_ms = max(1000, -(-duration_ms // TILES))
    count = max(1, -(-duration_ms // every_ms))
    share = TILE_SIDE / max(width, height)
    wide, high = max(2, round(width * share)), max(2, round(height * share))
    columns = min(COLUMNS, count)
    tiles = [
        {"at_ms": number * every_ms, "x": number % columns * wide, "y": number // columns * high}
        for number in range(count)
    ]
    return {"width": wide, "height": high, "columns": columns, "rows": -(-count // columns), "tiles": tiles}


def _sheet_filters(layout: Mapping[str, Any]) -> list[str]:
    tiles = layout["tiles"]
    every_ms = tiles[1]["at_ms"] if len(tiles) > 1 else 1000
    return [
        f"fps=1000/{every_ms}:round=up",
        f"scale={layout['width']}:{layout['height']}:flags=bilinear,setsar=1",
        f"tile={layout['columns']}x{layout['rows']}",
    ]


def waveform(wave: Path, duration_ms: int) -> dict[str, Any]:
    """The loudest moment of each stretch between 0 and 1, from plain sound: 16 bits, one channel."""
    count = wave.stat().st_size // 2
    step = max(1, -(-count // PEAKS))
    peaks = []
    with wave.open("rb") as file:
        while content := file.read(step * 2):
            samples = array("h", content[: len(content) // 2 * 2])
            most, least = (max(samples), min(samples)) if samples else (0, 0)
            peaks.append(round(min(1.0, max(most, -least) / LOUDEST), 3))
    return {"duration_ms": duration_ms, "peaks": peaks}


def _share(ms: int, whole_ms: int) -> int:
    return min(99, ms * 100 // whole_ms) if whole_ms else 0


def _write(name: str, content: Mapping[str, Any]) -> None:
    Path(name).write_text(json.dumps(content, separators=(",", ":")))
