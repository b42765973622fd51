"""Playing a recording: the playlists that a player follows, and where it finds what they name.

Playlists are answered here; the bytes come from the store, by an address for each piece that works for a minute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from schemas.problems import Problem, Refused
from service.media.record import Media
from service.media.recordings.codecs import Described, described
from service.media.recordings.formats import (
    JPEG,
    JSON,
    POSTER,
    SHEET,
    STREAMS,
    WAVEFORM,
    is_video,
    stored_type,
)
from service.media.store import Store

BYTES_LAST = timedelta(seconds=60)
"""The address of one piece: a player asks again for each."""
MASTER = "master.m3u8"
WEBVTT = "text/vtt"
_HEAD = re.compile(r'^#EXT-X-MAP:URI="[^"]*",BYTERANGE="(\d+)@0"', re.MULTILINE)
_SEGMENT = re.compile(r"^#EXTINF:([0-9.]+),[^\n]*\n#EXT-X-BYTERANGE:(\d+)", re.MULTILINE)
_CAPTIONS = "captions"
_LONGEST_HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Variant:
    """One stream of a recording: its name, how fast it must arrive, and what it takes to play it."""

    name: str
    bits: int
    average: int
    said: Described


def streams(media: Media) -> list[str]:
    """The names of what can be played of it; Refused(NOT_FOUND) when there is nothing."""
    found = [name for name in STREAMS if name in media.renditions]
    if not found:
        raise Refused(Problem.NOT_FOUND)
    return found


def fetched(media: Media) -> Mapping[str, tuple[str, str]]:
    """What a player fetches from the store, by the name under which it asks: key and type."""
    video = is_video(media.media_type)
    beside = {POSTER: (POSTER, JPEG), SHEET: (SHEET, JPEG), WAVEFORM: (WAVEFORM, JSON)}
    found = {name: beside[name] for name in beside if name in media.renditions}
    if SHEET in found:
        found[f"{SHEET}.json"] = (f"{SHEET}.json", JSON)
    found |= {
        f"{name}.mp4": (name, stored_type(name, video=video)) for name in STREAMS if name in media.renditions
    }
    found |= {f"{_CAPTIONS}-{word}.vtt": (f"{_CAPTIONS}-{word}.vtt", WEBVTT) for word in media.captions}
    return {name: (media.key(stored), media_type) for name, (stored, media_type) in found.items()}


def playlist(store: Store, media: Media, name: str) -> str:
    """The playlist `name`: of all streams, of one, or of captions. Refused(NOT_FOUND) when there is none such."""
    stem, _, suffix = name.rpartition(".")
    if suffix != "m3u8":
        raise Refused(Problem.NOT_FOUND)
    if name == MASTER:
        return _master(media, [_variant(store, media, stream) for stream in streams(media)])
    if stem in streams(media):
        return _of_stream(_stored(store, media, stem), stem)
    if stem.removeprefix(f"{_CAPTIONS}-") in media.captions and stem.startswith(f"{_CAPTIONS}-"):
        return _of_captions(media, stem)
    raise Refused(Problem.NOT_FOUND)


def _variant(store: Store, media: Media, stream: str) -> Variant:
    text = _stored(store, media, stream)
    found = _HEAD.search(text)
    size = min(int(found[1]), _LONGEST_HEAD) if found else 0
    head = b"".join(store.read(media.key(stream), 0, size)) if size else b""
    segments = [(float(seconds), int(length) * 8) for seconds, length in _SEGMENT.findall(text)]
    bits = max((length / seconds for seconds, length in segments if seconds), default=0)
    whole = sum(seconds for seconds, _ in segments)
    average = sum(length for _, length in segments) / whole if whole else 0
    return Variant(stream, max(1, round(bits)), max(1, round(average)), described(head))


def _stored(store: Store, media: Media, stream: str) -> str:
    return b"".join(store.read(media.key(f"{stream}.m3u8"))).decode()


def _master(media: Media, variants: list[Variant]) -> str:
    """The slowest first: what a player begins with over a network that it does not know yet."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", *_subtitles(media)]
    for variant in sorted(variants, key=lambda variant: variant.bits):
        lines += [f"#EXT-X-STREAM-INF:{','.join(_attributes(media, variant))}", f"{variant.name}.m3u8"]
    return "\n".join([*lines, ""])


def _subtitles(media: Media) -> Iterator[str]:
    for word in media.captions:
        named = f'NAME="{word}",LANGUAGE="{word}",URI="{_CAPTIONS}-{word}.m3u8"'
        yield f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="{_CAPTIONS}",{named},AUTOSELECT=YES,DEFAULT=NO'


def _attributes(media: Media, variant: Variant) -> Iterator[str]:
    yield f"BANDWIDTH={variant.bits}"
    yield f"AVERAGE-BANDWIDTH={variant.average}"
    width, height = variant.said.width, variant.said.height
    if width and (width > height) != (media.width > media.height):
        width, height = height, width  # coded lying, shown upright
    if width:
        yield f"RESOLUTION={width}x{height}"
    if variant.said.codecs:
        yield f'CODECS="{",".join(variant.said.codecs)}"'
    if media.captions:
        yield f'SUBTITLES="{_CAPTIONS}"'


def _of_stream(text: str, stream: str) -> str:
    """The stored playlist, whose one file is called by a name with a suffix: some players look at it."""
    lines = text.replace(f'URI="{stream}"', f'URI="{stream}.mp4"').splitlines()
    return "\n".join([*(f"{stream}.mp4" if line == stream else line for line in lines), ""])


def _of_captions(media: Media, stem: str) -> str:
    seconds = max(1, -(-media.duration_ms // 1000))
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{seconds}", "#EXT-X-PLAYLIST-TYPE:VOD"]
    return "\n".join(
        [*lines, f"#EXTINF:{media.duration_ms / 1000:.3f},", f"{stem}.vtt", "#EXT-X-ENDLIST", ""]
    )
