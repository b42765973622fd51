"""Attachments: a photo follows its note; one without a note is its author's until the visit is shared."""

from __future__ import annotations

from observation_tools.states import MEDIA
from schemas.records.attachments import AttachmentSchema
from service.records import notes, scopes
from service.records.checks import checks, frozen, made_by, refused, server_sets
from service.records.rules import in_state, is_author, is_visit_host, is_visit_observer, moves
from service.records.tables import holds, kind_table, names, state, whole, words
from service.records.visits import released_to
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Kind, Near, Write

DECLARED = ("file_name", "media_type", "size_bytes", "sha256")
"""What the phone says of its file; what arrives is held against it."""
SHARED_VISIT = frozenset({"shared", "debriefed", "closed"})

table = kind_table(
    "attachments",
    names("visit_id", "visits", required=True),
    names("note_id", "notes"),
    words("file_name"),
    words("media_type"),
    whole("size_bytes"),
    words("sha256"),
    whole("at_ms"),
    state(),
    words("reason"),
    holds("attachments_size", "size_bytes > 0"),
)


def _audience(attachment: Record, near: Near) -> set[str]:
    note = near.record("notes", attachment.get("note_id"))
    if note is not None:
        return notes.audience(note, near)
    author, visit = scopes.people(attachment["created_by"]), near.record("visits", attachment["visit_id"])
    if visit is None or visit["state"] not in SHARED_VISIT:
        return author
    readers = notes.readers(visit, near) if released_to(visit) else set()
    return author | scopes.people(visit["host_id"]) | readers


def _of_her_own_note(actor: Actor, write: Write, near: Near) -> Record | None:
    attachment = write.after or {}
    note = near.record("notes", attachment.get("note_id"))
    if write.before is not None or note is None:
        return None
    if note["visit_id"] != attachment["visit_id"]:
        raise refused("note_id", "This note is of another visit: choose one of the same visit.")
    if note["created_by"] != attachment["created_by"]:
        raise refused("note_id", "Only its author adds a photo to a note: add yours to the visit.")
    return None


KIND = Kind(
    name="attachments",
    table=table,
    schema=AttachmentSchema(),
    audience=_audience,
    parents={"visit_id": "visits", "note_id": "notes"},
    policies={"state": Policy.STATE},
    machine=MEDIA,
    may_write=is_author,
    may_move=moves(MEDIA, {"declared > abandoned": is_author}),
    may_delete=is_author & in_state("declared"),
    check=checks(
        made_by(is_visit_host | is_visit_observer, "Only who was there adds photos to a visit."),
        frozen("visit_id", "note_id", *DECLARED),
        server_sets("reason"),
        _of_her_own_note,
    ),
    read_logged=True,
)
