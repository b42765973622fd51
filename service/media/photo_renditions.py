"""What is made of a photo, and stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from service.media.photo_types import shown_type
from service.media.photos import clean_apart
from service.media.record import WHOLE, Media
from service.media.store import Store


def make(store: Store, media: Media, raw: Path) -> Mapping[str, Any]:
    """Store what is made of the file `raw`; returns what its record will say. Raises UnfitError."""
    photo = clean_apart(raw.read_bytes(), media.media_type, blur_faces=media.blur_faces)
    for name, content in photo.renditions.items():
        store.put(media.key(name), content, shown_type(media.media_type))
    return {"progress": WHOLE, "renditions": list(photo.renditions), **asdict(photo.facts)}
