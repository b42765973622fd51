"""What stops a recording from being seen: consent that is withdrawn, an incident for which it is held, its deletion.

Consent that is withdrawn stays so, and no state outruns it: a recording without it is never ready. What is held nobody
reads and nobody deletes, until the operator releases it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from schemas.problems import Problem, Refused
from service.media.record import HELD
from service.records.checks import changed
from service.records.system import system_change, system_deletion
from sync.changes import Record
from sync.server.actor import Actor
from sync.server.kind import Effect, Near, Noted, Write

WITHDRAWN: Mapping[str, str] = {
    "declared": "abandoned",
    "uploading": "abandoned",
    "ready": "expiring",
}
"""Where a recording goes whose consent is withdrawn. One that is being checked is put away by the check; one held stays."""


def not_without_consent(actor: Actor, write: Write, near: Near) -> Record | None:
    """Whatever becomes of a recording, by whomever: without consent it is not shown."""
    media = write.after or {}
    state = WITHDRAWN.get(media["state"]) if media.get("consent_withdrawn_at") else None
    return {**media, "state": state} if state else None


def not_while_held(actor: Actor, write: Write, near: Near) -> Record | None:
    """The service itself does not delete what is held either."""
    if write.before is not None and write.before["state"] == HELD:
        raise Refused(
            Problem.MEDIA_HELD, "It is kept for an incident: ask your operator to release it first."
        )
    return None


def what_follows(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    """Clips follow their recording out of sight; comments go with what they are about."""
    if write.after is None:
        return _comments(write, near)
    clips = _clips(write, near) if write.after.get("clip_of") is None else ()
    return [*_noted(write), *clips]


def _noted(write: Write) -> Iterator[Effect]:
    media, touched = write.after or {}, changed(write)
    about = {"media_id": write.id, "visit_id": media["visit_id"]}
    if media["consent_withdrawn_at"] and "consent_withdrawn_at" in touched:
        yield Noted("consent_withdrawn", about)
    if write.before and "state" in touched and HELD in (media["state"], write.before["state"]):
        yield Noted("media_held" if media["state"] == HELD else "media_released", about)


def _clips(write: Write, near: Near) -> Iterator[Effect]:
    media, touched = write.after or {}, changed(write)
    withdrawn = media["consent_withdrawn_at"] if "consent_withdrawn_at" in touched else None
    held = "state" in touched and media["state"] == HELD
    if withdrawn is None and not held:
        return
    for clip in near.children("media", "clip_of", write.id):
        if withdrawn is not None and clip["consent_withdrawn_at"] is None:
            yield system_change(write, near, "media", clip["id"], consent_withdrawn_at=withdrawn)
        if held and clip["state"] == "ready":
            yield system_change(write, near, "media", clip["id"], state=HELD)


def _comments(write: Write, near: Near) -> Iterator[Effect]:
    """Those that nobody answers first."""
    left = {comment["id"]: comment["reply_to"] for comment in near.children("comments", "media_id", write.id)}
    while left:
        answered = set(left.values())
        last = sorted(left.keys() - answered) or sorted(left)
        for comment_id in last:
            del left[comment_id]
            yield system_deletion(write, near, "comments", comment_id)
