"""The record of a photo or a recording, as this room sees it: what was declared, how far it has come, where its bytes lie.

Its state is moved by the service alone, and only through the door.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, false, select

from schemas.problems import Problem, Refused
from service import jobs
from sync.changes import Change, Status
from sync.clock import moment
from sync.server.actor import Actor, system_actor
from sync.server.audience import find as find_visible
from sync.server.push import Door
from sync.server.tables import document

COLLECTION = "media"
VERIFY, TRANSCODE, CUT = "verify_media", "transcode_media", "cut_clip"

DECLARED, UPLOADING, UPLOADED, VERIFIED, READY = "declared", "uploading", "uploaded", "verified", "ready"
QUARANTINED, ABANDONED = "quarantined", "abandoned"
HELD, EXPIRING, DELETED = "incident_hold", "expiring", "deleted"
OPEN = frozenset({DECLARED, UPLOADING})
"""States in which bytes may still arrive."""
UNCHECKED = frozenset({UPLOADED, VERIFIED})
"""States in which the worker has something to do."""
WHOLE = 100
"""The progress of a file of which everything is made."""


@dataclass(frozen=True, slots=True)
class Media:
    """A media record as it stands; the declared size in bytes, the checksum in hex."""

    tenant_id: UUID
    id: str
    seq: int
    author: str
    state: str
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str
    progress: int
    blur_faces: bool
    consent_basis: str | None
    consent_withdrawn: bool
    renditions: tuple[str, ...]
    captions: tuple[str, ...]
    width: int
    height: int
    duration_ms: int
    expires_at: datetime | None
    clip_of: str | None
    from_ms: int
    until_ms: int

    @property
    def raw_key(self) -> str:
        """Where the file lies as it was sent: never linked to, gone once it is checked."""
        return raw_key(self.tenant_id, self.id)

    def key(self, rendition: str) -> str:
        """Where a rendition lies, which may be shown."""
        return prefix(self.tenant_id, self.id) + rendition


def raw_key(tenant_id: UUID, media_id: str) -> str:
    """The key of a file as it was sent."""
    return f"{tenant_id}/{media_id}/raw"


def prefix(tenant_id: UUID, media_id: str) -> str:
    """Below it lies everything of a record."""
    return f"{tenant_id}/{media_id}/"


def find(connection: Connection, actor: Actor, media_id: str) -> Media:
    """The media, if this person may see it now; Refused(NOT_FOUND) alike for invisible and absent."""
    found = find_visible(connection, actor, COLLECTION, media_id)
    if found is None:
        raise Refused(Problem.NOT_FOUND)
    return _media(actor.tenant_id, found.seq, found.author, json.loads(found.body))


def find_shown(connection: Connection, actor: Actor, media_id: str, now: datetime) -> Media:
    """The media, if this person may see what is in it now; Refused(NOT_FOUND) alike for whatever is the reason why not."""
    media = find(connection, actor, media_id)
    over = media.expires_at is not None and media.expires_at <= now
    if media.state != READY or media.consent_withdrawn or over:
        raise Refused(Problem.NOT_FOUND)
    return media


def read(connection: Connection, tenant_id: UUID, media_id: str) -> Media | None:
    """The media as the service itself sees it; None when there is none (any more)."""
    row = connection.execute(
        select(document.c.seq, document.c.author, document.c.body).where(
            document.c.tenant_id == tenant_id,
            document.c.collection == COLLECTION,
            document.c.record_id == media_id,
            document.c.deleted == false(),
        )
    ).one_or_none()
    return row and _media(tenant_id, row.seq, row.author, json.loads(row.body))


def move(
    connection: Connection,
    door: Door,
    media: Media,
    state: str,
    fields: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """Move the record to a state, as the service, and say with it what else is known now.

    Returns the state in which it now is, which may be further on.
    Raises Refused(RECORD_DELETED) when it was deleted meanwhile.
    """
    change = Change(f"media-{uuid4()}", COLLECTION, media.id, {"state": state, **fields}, base_seq=media.seq)
    outcome = door.push(connection, system_actor(media.tenant_id), [change])[0]
    if outcome.status is Status.APPLIED:
        return state
    standing = read(connection, media.tenant_id, media.id)
    if standing is None:
        raise Refused(Problem.RECORD_DELETED)
    return standing.state


def tell(
    connection: Connection, door: Door, tenant_id: UUID, media_id: str, fields: Mapping[str, Any]
) -> None:
    """Say something on the record, as the service; nothing when it was deleted meanwhile."""
    media = read(connection, tenant_id, media_id)
    if media is not None:
        change = Change(f"media-{uuid4()}", COLLECTION, media_id, dict(fields), base_seq=media.seq)
        door.push(connection, system_actor(tenant_id), [change])


def work_later(connection: Connection, task: str, media: Media, queue: str = jobs.DEFAULT) -> None:
    """Have the worker do this to the file, once however often it is asked."""
    arguments = {"tenant_id": str(media.tenant_id), "media_id": media.id}
    jobs.enqueue(connection, task, key=f"{task}/{media.tenant_id}/{media.id}", queue=queue, **arguments)


def _media(tenant_id: UUID, seq: int, author: str, record: Mapping[str, Any]) -> Media:
    return Media(
        tenant_id=tenant_id,
        id=record["id"],
        seq=seq,
        author=author,
        state=record["state"],
        file_name=record["file_name"] or "photo",
        media_type=record["media_type"] or "",
        size_bytes=record["size_bytes"] or 0,
        sha256=record["sha256"] or "",
        progress=record["progress"] or 0,
        blur_faces=bool(record["blur_faces"]),
        consent_basis=record["consent_basis"],
        consent_withdrawn=record["consent_withdrawn_at"] is not None,
        renditions=tuple(record["renditions"] or ()),
        captions=tuple(record["captions"] or ()),
        width=record["width"] or 0,
        height=record["height"] or 0,
        duration_ms=record["duration_ms"] or 0,
        expires_at=moment(record["expires_at"]) if record["expires_at"] else None,
        clip_of=record["clip_of"],
        from_ms=record["from_ms"] or 0,
        until_ms=record["until_ms"] or 0,
    )
