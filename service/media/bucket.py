"""The rules of the bucket, as the store is told them once (`comewatch media setup`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

UNENDED_DAYS = 31
"""A day more than a phone may wait for good Wi-Fi (`sweep.ABANDONED_AFTER`)."""
RULES = (
    f"Uploads that nobody ends are forgotten after {UNENDED_DAYS} days",
    "Old versions, where the bucket keeps any, are deleted after a day",
)
"""`LIFECYCLE` in words."""
LIFECYCLE = {
    "Rules": [
        {
            "ID": "unended-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNENDED_DAYS},
        },
        {
            "ID": "old-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
    ]
}


def cors(origins: Sequence[str]) -> dict[str, Any]:
    """Who may send and fetch from a page, in the words of the store."""
    rule = {
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["GET", "PUT", "POST", "HEAD"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "Content-Range", "Content-Length"],
        "MaxAgeSeconds": 3600,
    }
    return {"CORSRules": [rule]}


@dataclass(frozen=True, slots=True)
class SetUp:
    """What was settled about the bucket: whether it was made now, and whose pages may use it."""

    bucket: str
    made: bool
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a large upload that has arrived; the etag without quotes. Of one sent again there may be several."""

    number: int
    size: int
    etag: str
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """An object in a listing."""

    key: str
    modified_at: datetime
