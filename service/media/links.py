"""What of a file may be handed out: by which name it lies in the store, under which type and file name it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType

from schemas.problems import Problem, Refused
from service.media.photo_types import shown_type
from service.media.record import Media
from service.media.recordings.formats import BLURRED, ORIGINAL, P360, P720, SOUND_ONLY, is_video, stored_type

PHOTO, SMALL = "photo", "small"
BEST = (PHOTO, ORIGINAL, BLURRED, P720, P360, SOUND_ONLY, SMALL)
"""What is handed out when nobody says which: the first that there is."""
_SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "image/jpeg": ".jpg",
        "image/png": ".png",
        "image/webp": ".webp",
        "video/mp4": ".mp4",
        "audio/mp4": ".m4a",
        "application/json": ".json",
    }
)


@dataclass(frozen=True, slots=True)
class Handed:
    """One rendition as it is handed out."""

    key: str
    media_type: str
    file_name: str


def handed(media: Media, rendition: str | None = None) -> Handed:
    """The rendition, or the best that there is; Refused(NOT_FOUND) when there is none such."""
    best = next((name for name in BEST if name in media.renditions), None)
    name = rendition or best
    if name is None or name not in media.renditions:
        raise Refused(Problem.NOT_FOUND)
    media_type = _type(media, name)
    stem = PurePath(media.file_name).stem + ("" if name == best else f"-{name}")
    return Handed(media.key(name), media_type, stem + _SUFFIXES[media_type])


def _type(media: Media, name: str) -> str:
    if media.media_type.startswith("image/"):
        return shown_type(media.media_type)
    return stored_type(name, video=is_video(media.media_type))
