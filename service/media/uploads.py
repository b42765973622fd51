"""How a file comes up: planned here, sent by the phone straight to the store, and looked at again when it says done.

A small file is one PUT; a large one comes in parts, which can be sent again one by one over bad Wi-Fi. Nothing here
holds a transaction open while it waits for the store: records come in as they were read, and are moved by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from schemas.problems import Problem, Refused
from service.jobs import enqueue
from service.media import record as records
from service.media.photo_types import FORMATS
from service.media.record import OPEN, UPLOADED, UPLOADING, VERIFY, Media
from service.media.store import UPLOAD_LASTS, AbsentError, Part, Signed, Store
from sync.server.actor import Actor
from sync.server.push import Door

MIB = 1 << 20
MAX_IMAGE = 25 * MIB
MAX_PUT = 8 * MIB
PART_SIZE = 5 * MIB
"""The least that S3 takes: what is lost when a connection breaks."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SignedPart:
    """Where to PUT one part, numbered from 1; `etag` is there when it has arrived already."""

    number: int
    url: str
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """An upload in parts of `part_size` bytes, the last one shorter; bytes that have arrived need not come again."""

    upload_id: str
    part_size: int
    parts: tuple[SignedPart, ...]
    expires_at: datetime


Plan = Signed | Parts


def find_own(connection: Connection, actor: Actor, media_id: str) -> Media:
    """The media, if it is this person's own; NOT_FOUND unless she sees it, NOT_ALLOWED unless she made it."""
    media = records.find(connection, actor, media_id)
    if media.author != actor.person_id:
        raise Refused(Problem.NOT_ALLOWED, "Only who declared a file sends it.")
    return media


def plan(store: Store, media: Media) -> Plan:
    """How to send the file. Asked again, the same upload goes on. Raises Refused."""
    _demand_open(media)
    _demand_fit(media)
    if media.size_bytes <= MAX_PUT:
        return store.sign_put(media.raw_key, media.media_type, media.size_bytes, media.sha256)
    return _plan_parts(store, media)


def begun(connection: Connection, door: Door, actor: Actor, media_id: str) -> None:
    """Say on the record that an upload was begun."""
    media = records.find(connection, actor, media_id)
    if media.state == records.DECLARED:
        records.move(connection, door, media, UPLOADING)


def arrive(store: Store, media: Media, claimed: Mapping[int, str] | None = None) -> None:
    """Make sure that the whole file is in the store; `claimed` is what the phone says it sent: etags by part.

    Raises Refused: MEDIA_NOT_READY while something is missing, MEDIA_MISMATCH when the size is not the declared one.
    Said twice, the second time changes nothing.
    """
    if media.state not in OPEN:
        return
    if media.size_bytes > MAX_PUT:
        _assemble(store, media, claimed or {})
    try:
        size = store.size(media.raw_key)
    except AbsentError:
        raise Refused(Problem.MEDIA_NOT_READY, "The file has not arrived.") from None
    if size != media.size_bytes:
        store.delete(media.raw_key)  # or no other could be sent: nothing may be there yet
        raise Refused(Problem.MEDIA_MISMATCH, f"{size} bytes arrived, {media.size_bytes} were declared.")


def arrived(connection: Connection, door: Door, actor: Actor, media_id: str) -> str:
    """Say on the record that the file is there, and have it checked, in one transaction; returns the state."""
    media = find_own(connection, actor, media_id)
    if media.state not in OPEN:
        return media.state
    state = records.move(connection, door, media, UPLOADED)
    if state == UPLOADED:
        verify_later(connection, media)
    return state


def verify_later(connection: Connection, media: Media) -> None:
    """Have the worker check this file."""
    arguments = {"tenant_id": str(media.tenant_id), "media_id": media.id}
    enqueue(connection, VERIFY, key=f"{VERIFY}/{media.tenant_id}/{media.id}", **arguments)


def abort(store: Store, media: Media) -> None:
    """Forget what has arrived; the upload may be begun anew."""
    _demand_open(media)
    store.abort_parts(media.raw_key)
    store.delete(media.raw_key)


def _demand_open(media: Media) -> None:
    if media.state not in OPEN:
        raise Refused(Problem.ILLEGAL_MOVE, f"This file is {media.state} already.")


def _demand_fit(media: Media) -> None:
    if media.media_type not in FORMATS:
        types = ", ".join(FORMATS)
        raise Refused(
            Problem.MEDIA_TYPE_REFUSED, f"Not one of {types}.", {"/media_type": [f"One of {types}."]}
        )
    if media.size_bytes > MAX_IMAGE:
        raise Refused(
            Problem.TOO_LARGE,
            f"A photo has at most {MAX_IMAGE} bytes.",
            {"/size_bytes": [f"At most {MAX_IMAGE}."]},
            {"limit": MAX_IMAGE},
        )
    faults: dict[str, list[str]] = {}
    if media.size_bytes < 1:
        faults["/size_bytes"] = ["Say how many bytes the file has."]
    if not _SHA256.fullmatch(media.sha256):
        faults["/sha256"] = ["Say the file's SHA-256: 64 hexadecimal digits in small letters."]
    if faults:
        raise Refused(Problem.INVALID_RECORD, "The record does not say enough about the file.", faults)


def _sizes(media: Media) -> dict[int, int]:
    """The size of each part, by its number."""
    starts = range(0, media.size_bytes, PART_SIZE)
    return {number: min(PART_SIZE, media.size_bytes - start) for number, start in enumerate(starts, 1)}


def _plan_parts(store: Store, media: Media) -> Parts:
    key = media.raw_key
    upload_id = store.begin_parts(key, media.media_type)
    sizes = _sizes(media)
    etags = {part.number: part.etag for part in _whole(store.parts(key, upload_id), sizes)}
    parts = [
        SignedPart(number, store.sign_part(key, upload_id, number, size).url, etags.get(number))
        for number, size in sizes.items()
    ]
    return Parts(upload_id, PART_SIZE, tuple(parts), datetime.now(UTC) + UPLOAD_LASTS)


def _whole(parts: list[Part], sizes: Mapping[int, int]) -> list[Part]:
    return [part for part in parts if sizes.get(part.number) == part.size]


def _assemble(store: Store, media: Media, claimed: Mapping[int, str]) -> None:
    """Join the parts. Without an upload under way it was done before, or never begun: the object tells."""
    key, sizes = media.raw_key, _sizes(media)
    upload_id = store.upload_id(key)
    if upload_id is None:
        return
    parts = [
        part
        for part in _whole(store.parts(key, upload_id), sizes)
        if claimed.get(part.number, part.etag).strip('"') == part.etag
    ]
    missing = sorted(sizes.keys() - {part.number for part in parts})
    if missing:
        told = ", ".join(map(str, missing))
        raise Refused(Problem.MEDIA_NOT_READY, f"Not arrived yet: part {told}.", extra={"missing": missing})
    store.complete_parts(key, upload_id, parts)
