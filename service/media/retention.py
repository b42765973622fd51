"""How long what is shown is kept: recordings for 30 days, photos and clips, which somebody kept on purpose, until they are deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from service.media.record import Media
from sync.clock import stamp

RECORDINGS_LAST = timedelta(days=30)


def terms(media: Media, now: datetime) -> Mapping[str, Any]:
    """What the record says when it becomes ready: since when it is, and until when it stays."""
    ready = {"ready_at": stamp(now)}
    if media.clip_of is not None or media.media_type.startswith("image/"):
        return ready
    return ready | {"expires_at": stamp(now + RECORDINGS_LAST)}
