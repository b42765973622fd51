"""Media: what belongs to a note follows it; what does not is its author's until the visit is shared."""

from __future__ import annotations

from sqlalchemy import Index

from observation_tools.states import MEDIA
from schemas.records.media import MediaSchema
from service.records import notes, scopes
from service.records.checks import checks, frozen, made_by, only, refused, said_once, server_sets
from service.records.clipping import CLIPPED, clips
from service.records.rules import is_author, is_visit_host, is_visit_observer, moves
from service.records.stopping import not_while_held, not_without_consent, what_follows
from service.records.tables import (
    flag,
    holds,
    ids,
    kind_table,
    large,
    moment,
    names,
    state,
    whole,
    word,
    words,
)
from service.records.visits import released_to
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Kind, Near, Write

DECLARED = ("file_name", "media_type", "size_bytes", "sha256")
"""What the phone says of its file; what arrives is held against it."""
SERVER_SETS = (
    "reason",
    "progress",
    "renditions",
    "captions",
    "placeholder",
    "width",
    "height",
    "duration_ms",
    "ready_at",
    "expires_at",
)
SHARED_VISIT = frozenset({"shared", "debriefed", "closed"})

table = kind_table(
    "media",
    names("visit_id", "visits", required=True),
    names("note_id", "notes"),
    words("file_name"),
    words("media_type"),
    large("size_bytes"),
    words("sha256"),
    word("consent_basis"),
    moment("consent_withdrawn_at"),
    flag("wifi_only"),
    flag("blur_faces"),
    moment("at"),
    whole("clock_offset_ms"),
    whole("at_ms"),
    whole("start_mark_ms"),
    word("clip_of", indexed=True),
    whole("from_ms"),
    whole("until_ms"),
    state(),
    words("reason"),
    whole("progress"),
    ids("renditions"),
    ids("captions"),
    words("placeholder"),
    whole("width"),
    whole("height"),
    whole("duration_ms"),
    moment("ready_at"),
    moment("expires_at"),
    holds("media_size", "size_bytes > 0"),
    holds("media_clip", "until_ms > from_ms"),
)
Index("media_created_by_idx", table.c.tenant_id, table.c.created_by)  # for what one person may store
Index("media_state_idx", table.c.tenant_id, table.c.state, table.c.expires_at)  # for retention


def audience(media: Record, near: Near) -> set[str]:
    """Who may see it in the state of its note or visit; comments on it follow it."""
    note = near.record("notes", media.get("note_id"))
    if note is not None:
        return notes.audience(note, near)
    author, visit = scopes.people(media["created_by"]), near.record("visits", media["visit_id"])
    if visit is None or visit["state"] not in SHARED_VISIT:
        return author
    readers = notes.readers(visit, near) if released_to(visit) else set()
    return author | scopes.people(visit["host_id"]) | readers


def _of_her_own_note(actor: Actor, write: Write, near: Near) -> Record | None:
    media = write.after or {}
    note = near.record("notes", media.get("note_id"))
    if write.before is not None or note is None or media.get("clip_of"):
        return None
    if note["visit_id"] != media["visit_id"]:
        raise refused("note_id", "This note is of another visit: choose one of the same visit.")
    if note["created_by"] != media["created_by"]:
        raise refused("note_id", "Only its author adds a photo to a note: add yours to the visit.")
    return None


KIND = Kind(
    name="media",
    table=table,
    schema=MediaSchema(),
    read_scope="media:read",
    write_scope="media:write",
    audience=audience,
    parents={"visit_id": "visits", "note_id": "notes"},
    policies={"state": Policy.STATE},
    machine=MEDIA,
    may_write=is_author | is_visit_host,
    may_move=moves(
        MEDIA, {"declared > abandoned": is_author, "ready > incident_hold": is_author | is_visit_host}
    ),
    may_delete=is_author | is_visit_host,
    check=checks(
        made_by(is_visit_host | is_visit_observer, "Only who was there adds media to a visit."),
        frozen("visit_id", "note_id", "blur_faces", *CLIPPED),
        said_once(*DECLARED, "consent_basis", "consent_withdrawn_at", "at", "clock_offset_ms", "at_ms"),
        only(
            is_author,
            *DECLARED,
            "consent_basis",
            "wifi_only",
            "at",
            "clock_offset_ms",
            "at_ms",
            message="Only who made it says this of a file.",
        ),
        server_sets(*SERVER_SETS),
        clips(audience),
        _of_her_own_note,
        not_without_consent,
        on_delete=not_while_held,
    ),
    effects=what_follows,
    # what is gone cannot be restored: its files are gone too
    forgets=lambda write: write.after is None,
    read_logged=True,
)
