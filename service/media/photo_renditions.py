"""What is made of a photo, and stored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.media.photos import clean_apart
from service.media.record import Media
from service.media.store import Store


def make(store: Store, media: Media, raw: Path) -> Mapping[str, Any]:
    """Store the photo made of the file `raw`; returns what its record will say. Raises UnfitError."""
    store.put(media.photo_key, clean_apart(raw.read_bytes(), media.media_type), media.media_type)
    return {"progress": 100, "renditions": ["photo"]}
