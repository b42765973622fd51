"""What is taken: which types, how large, why it may be recorded, and how much there is room for.

Room is counted over what was begun, in bytes as declared: what is made of a recording is smaller than what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection, bindparam, text

from schemas.problems import Problem, Refused
from service.media.photo_types import FORMATS
from service.media.record import Media
from service.media.recordings.formats import SOUND, VIDEO
from service.settings import Settings

MIB = 1 << 20
MAX_PHOTO = 25 * MIB
TYPES = (*FORMATS, *VIDEO, *SOUND)
_SHA256 = re.compile(r"[0-9a-f]{64}")
# a record of which nothing lies in the store takes no room
_USED = text("""
SELECT coalesce(sum(size_bytes), 0) AS by_all,
       coalesce(sum(size_bytes) FILTER (WHERE created_by = :person), 0) AS by_person
FROM media WHERE tenant_id = :tenant AND state NOT IN ('declared', 'abandoned', 'quarantined', 'deleted')
""").bindparams(bindparam("tenant"), bindparam("person"))


def demand_fit(settings: Settings, media: Media) -> None:
    """Raise Refused unless such a file is taken, and may be."""
    if media.media_type not in TYPES:
        said = "Not one of " + ", ".join(TYPES) + "."
        raise Refused(Problem.MEDIA_TYPE_REFUSED, said, {"/media_type": [said]})
    _demand_size(media, most_of(settings, media.media_type))
    faults = dict(_unsaid(media))
    if faults:
        raise Refused(Problem.INVALID_RECORD, "The record does not say enough about the file.", faults)
    if media.consent_withdrawn:
        raise Refused(Problem.CONSENT_WITHDRAWN, "The file is not taken any more.")
    if not media.consent_basis:
        said = "Say in consent_basis why this may be recorded."
        raise Refused(Problem.CONSENT_REQUIRED, said, {"/consent_basis": [said]})


def demand_room(connection: Connection, settings: Settings, tenant_id: UUID, media: Media) -> None:
    """Raise Refused(STORAGE_FULL) where there is no room for what was begun, this file among it.

    Asked after the record was moved, in that transaction: the clock row, which the move holds, lets one ask at a time.
    """
    used = connection.execute(_USED, {"tenant": tenant_id, "person": media.author}).one()
    limits = (
        ("Your recordings and photos have", used.by_person, settings.media_person_mib * MIB),
        ("Your district has", used.by_all, settings.media_tenant_mib * MIB),
    )
    for whose, taken, limit in limits:
        if taken > limit:
            before = taken - media.size_bytes
            raise Refused(
                Problem.STORAGE_FULL,
                f"{whose} {_said(limit)} of room, {_said(before)} are taken, this file needs {_said(media.size_bytes)}.",
                extra={"limit": limit, "used": int(before), "asked": media.size_bytes},
            )


def most_of(settings: Settings, media_type: str) -> int:
    """The bytes that a file of this type may have."""
    return MAX_PHOTO if media_type in FORMATS else settings.media_file_mib * MIB


def _demand_size(media: Media, most: int) -> None:
    if media.size_bytes > most:
        said = f"At most {_said(most)}; this file has {_said(media.size_bytes)}."
        raise Refused(
            Problem.TOO_LARGE, said, {"/size_bytes": [said]}, {"limit": most, "asked": media.size_bytes}
        )


def _unsaid(media: Media) -> Mapping[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if media.size_bytes < 1:
        faults["/size_bytes"] = ["Say how many bytes the file has."]
    if not _SHA256.fullmatch(media.sha256):
        faults["/sha256"] = ["Say the file's SHA-256: 64 hexadecimal digits in small letters."]
    return faults


def _said(size: int) -> str:
    """A size as a person reads it."""
    for unit, word in ((1 << 40, "TiB"), (1 << 30, "GiB"), (MIB, "MiB")):
        if size >= unit:
            return f"{size / unit:.3g} {word}"
    return f"{size} bytes"
