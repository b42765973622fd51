"""What makes a clip: a piece of a recording, kept on purpose. The service cuts it; it stands where its recording stands."""

from __future__ import annotations

from collections.abc import Callable

from schemas.problems import Problem
from service.records.checks import Check, refused
from service.records.rules import is_visit_host
from service.records.scopes import person
from sync.changes import Record
from sync.server.actor import Actor
from sync.server.kind import Near, Write

CLIPPED = ("clip_of", "from_ms", "until_ms")
"""What makes a clip: of which recording, and from where to where."""
SHORTEST_MS, LONGEST_MS = 1000, 10 * 60 * 1000
CUT_FROM = frozenset({"declared", "uploading", "uploaded", "verified", "ready"})
"""The states of a recording of which a piece may be asked for; it is cut when the recording is ready."""
INHERITED = ("note_id", "consent_basis", "media_type", "file_name")
"""What a clip has from its recording, whatever its phone says."""
_SENT = ("size_bytes", "sha256")

Audience = Callable[[Record, Near], set[str]]


def clips(audience: Audience) -> Check:
    """A clip is asked for by the host or by who made the recording, within what she sees; nobody sends a file for it."""

    def check(actor: Actor, write: Write, near: Near) -> Record | None:
        clip = write.after or {}
        if all(clip.get(field) is None for field in CLIPPED):
            return None
        for field in _SENT:
            if clip.get(field) is not None:
                raise refused(field, "A clip is cut here: send no file, and say nothing of one.")
        if write.before is not None:
            return None
        _demand_piece(clip)
        source = _source(actor, clip, near, audience)
        _demand_cut(actor, clip, source, near)
        return {**clip, **{field: source[field] for field in INHERITED}}

    return check


def _demand_piece(clip: Record) -> None:
    for field in CLIPPED:
        if clip.get(field) is None:
            raise refused(field, "A clip says of which recording it is, and from where to where.")
    length = clip["until_ms"] - clip["from_ms"]
    if not SHORTEST_MS <= length <= LONGEST_MS:
        raise refused("until_ms", "A clip lasts from one second to ten minutes: choose another end.")


def _source(actor: Actor, clip: Record, near: Near, audience: Audience) -> Record:
    """The recording, alike refused when it is not there and when she does not see it."""
    source = near.record("media", clip["clip_of"])
    sees = source is not None and (actor.is_system or _is_among(actor, audience(source, near), near))
    if source is None or not sees:
        raise refused("clip_of", "There is no such recording: choose one from the list again.")
    return source


def _demand_cut(actor: Actor, clip: Record, source: Record, near: Near) -> None:
    if not (actor.is_system or source["created_by"] == actor.person_id or is_visit_host(actor, source, near)):
        raise refused(
            "clip_of", "Only the host, or who made the recording, keeps a piece of it.", Problem.NOT_ALLOWED
        )
    if source["clip_of"] is not None or (source["media_type"] or "").startswith("image/"):
        raise refused("clip_of", "A clip is cut from a recording itself: choose the whole one.")
    if source["visit_id"] != clip["visit_id"]:
        raise refused("visit_id", "The recording is of another visit: name the same one.")
    if source["consent_withdrawn_at"] is not None:
        said = "Consent to the recording was withdrawn: nothing of it is kept."
        raise refused("clip_of", said, Problem.CONSENT_WITHDRAWN)
    if source["state"] not in CUT_FROM:
        raise refused("clip_of", "The recording is put away: nothing is cut from it.", Problem.NOT_ALLOWED)
    if source["duration_ms"] is not None and clip["until_ms"] > source["duration_ms"]:
        raise refused("until_ms", f"The recording ends at {source['duration_ms']} ms: choose an earlier end.")


def _is_among(actor: Actor, scopes: set[str], near: Near) -> bool:
    return person(actor.person_id) in scopes or any(near.in_scope(actor.person_id, scope) for scope in scopes)
