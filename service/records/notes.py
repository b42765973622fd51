"""Notes: a draft is its author's alone; she shares it with the host, and the host lets others read it or takes it back."""

from __future__ import annotations

from sqlalchemy import Index, text

from observation_tools.states import NOTE
from schemas.problems import Problem
from schemas.records.notes import NoteSchema
from service.records import scopes
from service.records.checks import alone, changed, checks, frozen, in_order, made_by, refused
from service.records.rules import in_state, is_author, is_visit_host, is_visit_observer, moves
from service.records.tables import holds, kind_table, moment, names, state, whole, word, words
from service.records.visits import released_to, without_evaluators
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Kind, Near, Write

CONTENT = ("note_kind", "text", "code", "instrument", "at_ms", "until_ms", "at", "clock_offset_ms")
"""What the author says; it stands once it is shared."""
TYPED = ("text", "code")
"""What dies with a draft that was never shared."""

table = kind_table(
    "notes",
    names("visit_id", "visits", required=True),
    word("note_kind", required=True),
    words("text"),
    words("code"),
    words("instrument"),
    whole("at_ms"),
    whole("until_ms"),
    moment("at"),
    whole("clock_offset_ms"),
    state(),
    holds("notes_times", "until_ms >= at_ms"),
)
Index(
    "notes_drafts_idx", table.c.tenant_id, table.c.created_at, postgresql_where=text("state = 'draft'")
)  # for expiry


def audience(note: Record, near: Near) -> set[str]:
    """Who reads a note in its state; photos of the note follow it."""
    author = scopes.people(note["created_by"])
    if note["state"] in {"draft", "expired"}:
        return author
    visit = near.record("visits", note["visit_id"]) or {}
    owners = author | scopes.people(visit.get("host_id"))
    return owners | readers(visit, near) if note["state"] == "released" and visit else owners


def readers(visit: Record, near: Near) -> set[str]:
    """Who reads what the host released: the observers, and those whom she named, without who evaluates her."""
    everyone = scopes.people(*scopes.ids(visit, "observer_ids")) | released_to(visit)
    return without_evaluators(everyone, visit, near)


def _author_writes_drafts(actor: Actor, write: Write, near: Near) -> Record | None:
    touched = sorted(changed(write) & set(CONTENT)) if write.before else []
    if write.before is None or actor.is_system or not touched:
        return None
    if not is_author(actor, write.before, near):
        raise refused(touched[0], "Only its author writes a note.", Problem.NOT_ALLOWED)
    if write.before["state"] != "draft":
        raise refused(
            touched[0], "This note is shared and keeps its words: write another note.", Problem.NOTE_IS_SHARED
        )
    return None


def _next_steps_if_asked(actor: Actor, write: Write, near: Near) -> Record | None:
    note = write.after or {}
    if note["note_kind"] != "next_step" or "note_kind" not in changed(write):
        return None
    visit = near.record("visits", note["visit_id"]) or {}
    invitation = near.record("invitations", visit.get("invitation_id"))
    if invitation is not None and not invitation.get("next_steps_welcome"):
        said = "The host did not ask for next steps: write what you noticed or wonder instead."
        raise refused("note_kind", said, Problem.NEXT_STEPS_NOT_ASKED)
    return None


def _dies_empty(actor: Actor, write: Write, near: Near) -> Record | None:
    """No secret file: a draft that was not shared in time loses its words, here and in history."""
    expires = any(after == "expired" for _, after in write.moved)
    return {**(write.after or {}), **dict.fromkeys(TYPED)} if expires else None


KIND = Kind(
    name="notes",
    table=table,
    schema=NoteSchema(),
    read_scope="notes:read",
    write_scope="notes:write",
    audience=audience,
    parents={"visit_id": "visits"},
    policies={"text": Policy.AUTHOR, "state": Policy.STATE},
    machine=NOTE,
    may_write=is_author | is_visit_host,
    may_move=moves(
        NOTE,
        {
            "draft > shared": is_author,
            "shared > released": is_visit_host,
            "released > retracted": is_visit_host,
            "retracted > released": is_visit_host,
        },
    ),
    may_delete=is_author & in_state("draft"),
    check=checks(
        made_by(is_visit_observer, "Only an observer of the visit takes notes of it."),
        frozen("visit_id"),
        _author_writes_drafts,
        _next_steps_if_asked,
        in_order("at_ms", "until_ms"),
        _dies_empty,
        on_delete=alone(("media", "note_id")),
    ),
    forgets=lambda write: write.after is not None and write.after["state"] == "expired",
    read_logged=True,
)
