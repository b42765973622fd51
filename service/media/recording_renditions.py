"""What is made of a recording at once, and stored: what can be played within seconds, and its first picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from service import jobs
from service.media.reasons import UnfitError
from service.media.record import Media
from service.media.recordings import apart
from service.media.recordings.formats import RECORDINGS, STREAMS, is_video, stored_type
from service.media.store import Store

PLAYABLE = 10
"""The progress of a recording of which the rest is still to be made."""
_SPARE = 1 << 30


def make(store: Store, media: Media, raw: Path) -> Mapping[str, Any]:
    """Store what can be played of the file `raw`; returns what its record will say. Raises UnfitError.

    When faces are to be blurred nothing is made yet: nothing may be there to be seen without.
    """
    if media.media_type not in RECORDINGS:
        raise UnfitError("wrong_type")
    limits = apart.Limits(_cpu_seconds(media.size_bytes), 2 * media.size_bytes + _SPARE)
    step = "look" if media.blur_faces and is_video(media.media_type) else "make_playable"
    made = _apart(step, raw, limits, media)
    store_made(store, media, raw.parent, made.get("renditions", ()))
    return made | {"progress": PLAYABLE}


def cut(store: Store, clip: Media, source: Path, from_ms: int, until_ms: int) -> Mapping[str, Any]:
    """Store the piece of a recording of ours between two moments; returns what the clip's record will say.

    `source` is the file of what is played of the recording. It lies in a directory of its own, in which the piece is made.
    """
    seconds = -(-(until_ms - from_ms) // 1000)
    limits = apart.Limits(600 + 20 * seconds, 2 * source.stat().st_size + _SPARE)
    made = _apart("cut", source, limits, clip, from_ms=from_ms, until_ms=until_ms)
    store_made(store, clip, source.parent, made["renditions"])
    return made | {"progress": PLAYABLE}


def store_made(store: Store, media: Media, room: Path, names: Iterable[str]) -> None:
    """Store things made, each with what lies beside it; what says where something is comes after it."""
    video = is_video(media.media_type)
    for name in names:
        beside = (f"{name}.m3u8",) if name in STREAMS else (f"{name}.json",) if name == "sheet" else ()
        for stored in (name, *beside):
            store.put_file(media.key(stored), room / stored, stored_type(stored, video=video))


def _apart(step: str, source: Path, limits: apart.Limits, media: Media, **arguments: Any) -> dict[str, Any]:
    def watch(percent: int) -> None:
        jobs.demand_running()

    return apart.run(step, source, limits, watch, media_type=media.media_type, **arguments)


def _cpu_seconds(size: int) -> int:
    """Ample: what is copied takes less than a second for a hundred megabytes, what has to be made anew some minutes."""
    return 600 + size // 50_000
