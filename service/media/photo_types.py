"""Which photos are taken, and as what they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "image/jpeg": "JPEG",
        "image/png": "PNG",
        "image/webp": "WEBP",
        "image/heic": "HEIF",
        "image/heif": "HEIF",
    }
)
"""What is taken, by the names of the decoders."""
SHOWN_AS: Mapping[str, str] = MappingProxyType({"image/heic": "image/jpeg", "image/heif": "image/jpeg"})
"""What not everybody can open is shown as another type."""


def shown_type(media_type: str) -> str:
    """The type of the renditions of a photo of this type."""
    return SHOWN_AS.get(media_type, media_type)
