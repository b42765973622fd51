"""How a file comes up: planned here, sent by the phone straight to the store, and looked at again when it says done.

A small file is one PUT; a large one comes in parts, which can be sent again one by one over bad Wi-Fi. Nothing here
holds a transaction open while it waits for the store: records come in as they were read, and are moved by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from schemas.problems import Problem, Refused
from service.media import limits
from service.media import record as records
from service.media.bucket import Part
from service.media.record import OPEN, UPLOADED, UPLOADING, VERIFY, Media, work_later
from service.media.store import UPLOAD_LASTS, AbsentError, Signed, Store
from service.settings import Settings
from sync.server.actor import Actor
from sync.server.push import Door

MIB = 1 << 20
MAX_PUT = 8 * MIB
PART_SIZE = 5 * MIB
"""The least that S3 takes: what is lost when a connection breaks."""
NAMED = 20
"""So many missing parts are named in words; the answer's `missing` has them all."""
JOINED = "joined"
"""Stands for the upload, and for its parts' etags, when the store has made one object of them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """An upload in parts of `part_size` bytes, the last one shorter; these have arrived, and need not come again."""

    upload_id: str
    part_size: int
    arrived: tuple[Part, ...]
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
    demand_open(media)
    if in_one(media):
        return store.sign_put(media.raw_key, media.media_type, media.size_bytes, media.sha256)
    upload_id = store.upload_id(media.raw_key)
    if upload_id is None and is_there(store, media):
        upload_id, arrived = JOINED, _as_arrived(media)
    else:
        upload_id = upload_id or store.begin_parts(media.raw_key, media.media_type)
        arrived = _whole(store.parts(media.raw_key, upload_id), sizes(media))
    return Parts(upload_id, PART_SIZE, tuple(arrived), datetime.now(UTC) + UPLOAD_LASTS)


def in_one(media: Media) -> bool:
    """Whether the file is sent whole."""
    return media.size_bytes <= MAX_PUT


def sign_part(store: Store, media: Media, number: int, md5: str | None = None) -> Signed:
    """Where to PUT part `number`; its length is signed, and its MD5 (hex) when given: the store refuses a damaged one."""
    demand_open(media)
    if in_one(media):
        raise Refused(Problem.INVALID_REQUEST, f"This file has no part {number}: it is sent whole.")
    return sign_part_of(store, media, _some(store.upload_id(media.raw_key)), number, md5)


def sign_part_of(store: Store, media: Media, upload_id: str, number: int, md5: str | None = None) -> Signed:
    """The same within an upload that is known, by whoever sends small files in parts too."""
    last = -(-media.size_bytes // PART_SIZE)
    if not 1 <= number <= last:
        said = f"This file has no part {number}: its parts are 1 to {last}."
        raise Refused(Problem.INVALID_REQUEST, said)
    size = min(PART_SIZE, media.size_bytes - (number - 1) * PART_SIZE)
    return store.sign_part(media.raw_key, upload_id, number, size, md5)


def arrived_parts(store: Store, media: Media, upload_id: str) -> list[Part]:
    """The parts that need not come again, in their order: all, when the store has joined them. Raises Refused."""
    going_on = store.upload_id(media.raw_key)
    if going_on is None and is_there(store, media):
        return _as_arrived(media)
    _demand_this(going_on, upload_id)
    return _whole(store.parts(media.raw_key, upload_id), sizes(media))


def demand_this(store: Store, media: Media, upload_id: str) -> None:
    """Raise Refused unless this is the upload in parts that is under way."""
    _demand_this(store.upload_id(media.raw_key), upload_id)


def _demand_this(going_on: str | None, upload_id: str) -> None:
    if _some(going_on) != upload_id:
        raise Refused(Problem.NOT_FOUND)


def _some(going_on: str | None) -> str:
    if going_on is None:
        raise Refused(Problem.MEDIA_NOT_READY, "No upload is under way: ask first how to send the file.")
    return going_on


def begin(connection: Connection, door: Door, settings: Settings, actor: Actor, media_id: str) -> Media:
    """Her own file, taken and with room for it; its record says that the upload was begun. Raises Refused."""
    media = find_own(connection, actor, media_id)
    demand_open(media)
    limits.demand_fit(settings, media)
    if media.state == records.DECLARED:
        records.move(connection, door, media, UPLOADING)
        limits.demand_room(connection, settings, actor.tenant_id, media)
    return media


def arrive(
    store: Store, media: Media, claimed: Mapping[int, str] | None = None, within: str | None = None
) -> None:
    """Make sure that the whole file is in the store; `claimed` is what the phone says it sent: etags by part.

    Raises Refused: MEDIA_NOT_READY while something is missing, MEDIA_MISMATCH when the size is not the declared one,
    NOT_FOUND when another upload is under way than the one `within` which it was sent.
    Said twice, the second time changes nothing.
    """
    if media.state not in OPEN:
        return
    if claimed or not in_one(media):
        _assemble(store, media, claimed or {}, within)
    try:
        size = store.size(media.raw_key)
    except AbsentError:
        raise Refused(Problem.MEDIA_NOT_READY, "The file has not arrived.") from None
    if size != media.size_bytes:
        store.delete(media.raw_key)  # or no other could be sent: nothing may be there yet
        raise Refused(Problem.MEDIA_MISMATCH, f"{size} bytes arrived, {media.size_bytes} were declared.")


def arrived(connection: Connection, door: Door, actor: Actor, media_id: str) -> str:
    """Say on the record that the file is there, and have it checked, in one transaction; returns the state."""
    return take(connection, door, find_own(connection, actor, media_id))


def take(connection: Connection, door: Door, media: Media) -> str:
    """The same of a record that was read: once, however often it is said."""
    if media.state not in OPEN:
        return media.state
    state = records.move(connection, door, media, UPLOADED)
    if state == UPLOADED:
        work_later(connection, VERIFY, media)
    return state


def abort(store: Store, media: Media) -> None:
    """Forget what has arrived; the upload may be begun anew."""
    demand_open(media)
    store.abort_parts(media.raw_key)
    store.delete(media.raw_key)


def demand_open(media: Media) -> None:
    """Raise Refused unless bytes may still arrive."""
    if media.state not in OPEN:
        raise Refused(Problem.ILLEGAL_MOVE, f"This file is {media.state} already.")


def sizes(media: Media) -> dict[int, int]:
    """The size of each part, by its number."""
    starts = range(0, media.size_bytes, PART_SIZE)
    return {number: min(PART_SIZE, media.size_bytes - start) for number, start in enumerate(starts, 1)}


def is_there(store: Store, media: Media) -> bool:
    """Whether all arrived, and only the word of it was lost: then not a byte of it need come again."""
    try:
        return store.size(media.raw_key) == media.size_bytes
    except AbsentError:
        return False


def _as_arrived(media: Media) -> list[Part]:
    now = datetime.now(UTC)
    return [Part(number, size, JOINED, now) for number, size in sizes(media).items()]


def _whole(parts: Iterable[Part], wanted: Mapping[int, int]) -> list[Part]:
    """The parts that are of the right size; of one that came again with other bytes, the one that came last.

    Stores tell times in seconds: of two that came within one none counts, and it is asked for once more.
    """
    fit: dict[int, list[Part]] = {number: [] for number in wanted}
    for part in sorted(parts, key=lambda part: part.arrived_at):
        if wanted.get(part.number) == part.size:
            fit[part.number].append(part)
    return [came[-1] for came in fit.values() if came and _is_last(came)]


def _is_last(came: list[Part]) -> bool:
    newest = {part.etag for part in came if part.arrived_at == came[-1].arrived_at}
    return len(newest) == 1


def _assemble(store: Store, media: Media, claimed: Mapping[int, str], within: str | None) -> None:
    """Join the parts. Without an upload under way it was done before, or never begun: the object tells."""
    key = media.raw_key
    upload_id = store.upload_id(key)
    if upload_id is None:
        return
    if within is not None:
        _demand_this(upload_id, within)
    there, wanted = store.parts(key, upload_id), sizes(media)
    parts = _whole((part for part in there if _is_claimed(part, claimed)), wanted)
    missing = sorted(wanted.keys() - {part.number for part in parts})
    if missing:
        told = ", ".join(map(str, missing[:NAMED])) + (" ..." if len(missing) > NAMED else "")
        raise Refused(Problem.MEDIA_NOT_READY, f"Not arrived yet: part {told}.", extra={"missing": missing})
    store.complete_parts(key, upload_id, parts)


def _is_claimed(part: Part, claimed: Mapping[int, str]) -> bool:
    """Whether the phone means this one: it may have sent a part again, with other bytes."""
    return claimed.get(part.number, part.etag).strip('"') == part.etag
