"""Comments on recordings: whoever may see the recording reads them and may answer.

They are no part of what the host is told was read: who reads them sees the recording, and that is noted.
"""

from __future__ import annotations

from schemas.problems import Problem
from schemas.records.comments import CommentSchema
from service.records import media, scopes
from service.records.checks import alone, checks, frozen, in_order, only, refused
from service.records.clipping import CUT_FROM
from service.records.rules import Rule, is_author
from service.records.tables import flag, holds, kind_table, names, whole, word, words
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Kind, Near, Write

table = kind_table(
    "comments",
    names("media_id", "media", required=True),
    word("reply_to", indexed=True),
    words("text"),
    whole("at_ms"),
    whole("until_ms"),
    flag("resolved"),
    holds("comments_times", "until_ms >= at_ms"),
)


def _audience(comment: Record, near: Near) -> set[str]:
    recording = near.record("media", comment["media_id"])
    return media.audience(recording, near) if recording else scopes.people(comment["created_by"])


def _hosts_the_visit(actor: Actor, comment: Record, near: Near) -> bool:
    recording = near.record("media", comment["media_id"]) or {}
    visit = near.record("visits", recording.get("visit_id")) or {}
    return visit.get("host_id") == actor.person_id


def _on_what_is_there(actor: Actor, write: Write, near: Near) -> Record | None:
    recording = near.record("media", (write.after or {}).get("media_id")) or {}
    gone = recording.get("state") not in CUT_FROM or recording.get("consent_withdrawn_at") is not None
    if write.before is None and gone:
        raise refused("media_id", "The recording is put away: nothing is said on it.", Problem.NOT_ALLOWED)
    return None


def _answers_one_beside_it(actor: Actor, write: Write, near: Near) -> Record | None:
    """Alike refused when it is not there and when it is on another recording, which she may not see."""
    comment = write.after or {}
    answered = near.record("comments", comment.get("reply_to"))
    beside = answered is not None and answered["media_id"] == comment["media_id"]
    if write.before is None and comment.get("reply_to") and not beside:
        raise refused(
            "reply_to", "There is no such comment on this recording: answer one from the list again."
        )
    return None


is_host_of_it = Rule(_hosts_the_visit)

KIND = Kind(
    name="comments",
    table=table,
    schema=CommentSchema(),
    read_scope="media:read",
    write_scope="media:write",
    audience=_audience,
    parents={"media_id": "media"},
    policies={"text": Policy.AUTHOR},
    may_write=is_author | is_host_of_it,
    may_delete=is_author,
    check=checks(
        frozen("media_id", "reply_to"),
        _on_what_is_there,
        _answers_one_beside_it,
        only(is_author, "text", "at_ms", "until_ms", message="Only its author writes a comment."),
        in_order("at_ms", "until_ms"),
        on_delete=alone(("comments", "reply_to")),
    ),
    read_logged=False,
)
