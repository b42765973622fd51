"""Every problem that the service can answer, once: RFC 9457 with a slug that clients may switch on.

`Refused` is the one way to refuse something, on any floor: a view turns it into an HTTP answer, the sync door into
the outcome of one change. Its explanation for people is served at the problem's own type URI, `/problems/{slug}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row of the catalogue: the HTTP status, a short title, and what the person who meets it can do."""

    status: int
    title: str
    what_to_do: str


class Problem(Enum):
    """The catalogue. The slug is the name in lower case with hyphens; it never changes once published."""

    MALFORMED_REQUEST = Explanation(
        400, "The request cannot be read", "Send each query parameter once, in UTF-8, without NUL characters."
    )
    INVALID_JSON = Explanation(
        400,
        "The body is not JSON",
        "Send one JSON document in UTF-8, without NaN, duplicate keys or deep nesting.",
    )
    INVALID_REQUEST = Explanation(
        422, "The request has faults", "Mend the members that `errors` points at, and send it again."
    )
    INVALID_RECORD = Explanation(
        422,
        "The record has faults",
        "Mend the fields that `errors` points at; what was typed is kept in rejected_writes.",
    )
    INVALID_CHANGE = Explanation(
        422, "The change has faults", "A change needs op_id, collection, id and either fields or deleted."
    )
    INVALID_CURSOR = Explanation(
        400,
        "The cursor is not one of ours",
        "Send back a cursor exactly as it was given, or none to start anew.",
    )
    UNKNOWN_COLLECTION = Explanation(
        422, "There is no such collection", "Use a collection that /v1/sync/schema/native lists."
    )
    READ_ONLY_COLLECTION = Explanation(
        403, "The server alone writes this collection", "Read it; do not write to it."
    )
    NOT_FOUND = Explanation(404, "There is nothing here for you", "It does not exist, or you may not see it.")
    NOT_ALLOWED = Explanation(
        403, "You may see this, but not change it so", "Ask the person who owns the record."
    )
    SCOPE_REQUIRED = Explanation(
        403, "The app was not given leave for this", "Ask the person anew, for one of the scopes named."
    )
    SIGN_IN_REQUIRED = Explanation(401, "Sign in first", "Send a valid access token, or refresh it.")
    SESSION_ENDED = Explanation(401, "This session has ended", "Sign in again; nothing on the phone is lost.")
    WRONG_DEVICE = Explanation(
        401, "This token belongs to another device", "Sign in on this device, or mend X-Device-Id."
    )
    CODE_NOT_VALID = Explanation(
        401, "This code does not open anything", "It was mistyped, used, or is too old: ask for a new one."
    )
    SIGN_IN_FAILED = Explanation(
        401, "The sign-in did not succeed", "Begin again in the app, on the device that shall be signed in."
    )
    IDENTITY_UNKNOWN = Explanation(
        403,
        "Nobody here signs in with this account",
        "Sign in another way and add this account, or ask your administrator for an invitation code.",
    )
    IDENTITY_TAKEN = Explanation(
        409, "Somebody else signs in with this account", "Choose another account, or have it removed there."
    )
    RECENT_SIGN_IN_REQUIRED = Explanation(
        403,
        "You signed in too long ago for this",
        "Sign in anew on this device, then ask again within 15 minutes.",
    )
    LAST_WAY_IN = Explanation(
        409, "There would be no way in left", "Add another account or a passkey before you remove this one."
    )
    PROVIDER_AWAY = Explanation(
        502,
        "The school's sign-in cannot be used just now",
        "Try again in a while, or sign in another way; an administrator finds the cause in the detail.",
    )
    METHOD_NOT_ALLOWED = Explanation(405, "This address does not take that method", "See the Allow header.")
    NOT_ACCEPTABLE = Explanation(406, "No such form of the answer", "Ask for application/json.")
    UNSUPPORTED_MEDIA_TYPE = Explanation(
        415, "The body has a type that is not taken here", "Send application/json, without Content-Encoding."
    )
    TOO_LARGE = Explanation(413, "The body is too large", "Send less at once.")
    TOO_MANY_CHANGES = Explanation(
        413, "Too many changes in one push", "Send at most the number that `limit` names."
    )
    PRECONDITION_FAILED = Explanation(
        412, "The record has changed since you read it", "Read it again, and decide again."
    )
    PRECONDITION_REQUIRED = Explanation(
        428, "Say which version you change", "Send If-Match with the ETag that you read."
    )
    ALREADY_EXISTS = Explanation(
        409, "There is already a record with this id", "Make a new id, or change the record instead."
    )
    ILLEGAL_MOVE = Explanation(409, "The state cannot move so", "See the states in the glossary.")
    RECORD_DELETED = Explanation(
        409, "The record was deleted", "Restore it first; what was typed is kept in rejected_writes."
    )
    HAS_DEPENDENTS = Explanation(
        409, "Others' records hang on this one", "Cancel or close it instead of deleting it."
    )
    PARENT_UNKNOWN = Explanation(
        409, "The record that this one belongs to never arrived", "Send the parent, then this again."
    )
    OP_ID_REUSED = Explanation(
        409, "This op_id named another change before", "Make a new op_id for each change."
    )
    INVITATION_FULL = Explanation(
        409, "All seats are taken", "Stay on the waiting list, or ask for another day."
    )
    INVITATION_CLOSED = Explanation(
        409, "This invitation takes no more visitors", "Ask the host with a visit request."
    )
    SEAT_REQUIRED = Explanation(403, "Only a guest with an accepted seat may visit", "Claim a seat first.")
    NOTE_IS_SHARED = Explanation(409, "A shared note keeps its words", "Write another note.")
    NEXT_STEPS_NOT_ASKED = Explanation(
        409, "The host did not ask for next steps", "Write what you noticed or wonder instead."
    )
    EVALUATOR_EXCLUDED = Explanation(
        403, "An evaluator and those she evaluates do not share visits", "Choose other readers."
    )
    SELF_ENROLMENT_ONLY = Explanation(403, "People enrol themselves", "Invite the person; she decides.")
    SYNC_RESET_REQUIRED = Explanation(
        410,
        "This phone must read everything again",
        "Push what is not sent yet, without base, then pull from the start.",
    )
    RATE_LIMITED = Explanation(429, "Too many requests", "Wait as long as Retry-After says.")
    MEDIA_NOT_READY = Explanation(
        409, "The file has not arrived and been checked yet", "Wait until the record says ready."
    )
    MEDIA_MISMATCH = Explanation(
        422, "The file is not what was declared", "Declare it anew with its true size, type and checksum."
    )
    MEDIA_TYPE_REFUSED = Explanation(
        422,
        "Files of this type are not taken",
        "Send a photo (JPEG, PNG, WebP, HEIC), a video (MP4, MOV, WebM) or sound (M4A).",
    )
    CONSENT_REQUIRED = Explanation(
        409, "Nobody said why this may be recorded", "Give the record its consent_basis, then send the file."
    )
    CONSENT_WITHDRAWN = Explanation(
        409, "Consent to this recording was withdrawn", "Nothing is left to do: it is not shown, and deleted."
    )
    MEDIA_HELD = Explanation(
        409,
        "This recording is held for an incident",
        "Nobody sees or deletes it until the operator of the service releases it.",
    )
    STORAGE_FULL = Explanation(
        403, "There is no room for this file", "Delete recordings that are not needed, or ask for more room."
    )
    ROSTER_BUSY = Explanation(
        409, "Another roster is under way", "Look after that one; send yours when it is ready or applied."
    )
    TOO_MANY_WEBHOOKS = Explanation(
        403, "You have as many webhooks as there may be", "Delete one that is not needed."
    )
    WEBHOOK_DISABLED = Explanation(
        409, "This webhook is told nothing", "Mend its receiver, then set `active` to true."
    )
    KEY_REUSED = Explanation(
        422,
        "This Idempotency-Key named another request before",
        "Make a new key for each request, and repeat a key only with the same address and body.",
    )
    UNAVAILABLE = Explanation(
        503, "A part of the service is away", "Try again after Retry-After; nothing was lost."
    )
    INTERNAL = Explanation(
        500, "A fault of ours", "Try again; if it stays, send us the time and the instance."
    )

    @property
    def slug(self) -> str:
        """The name that clients switch on."""
        return self.name.lower().replace("_", "-")

    @property
    def status(self) -> int:
        """The HTTP status it is answered with, outside sync outcomes."""
        return self.value.status

    def document(
        self, detail: str = "", errors: Mapping[str, Any] | None = None, **extra: Any
    ) -> dict[str, Any]:
        """The problem as RFC 9457 members; `errors` maps JSON pointers to lists of messages."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.slug}",
            "title": self.value.title,
            "status": self.status,
        }
        if detail:
            body["detail"] = detail
        if errors:
            body["errors"] = dict(errors)
        return body | extra


@dataclass(eq=False)
class Refused(Exception):
    """Something was refused, with the words that the person who must act needs."""

    problem: Problem
    detail: str = ""
    errors: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.problem.slug}: {self.detail or self.problem.value.title}"

    def document(self) -> dict[str, Any]:
        """The RFC 9457 members of this refusal."""
        return self.problem.document(self.detail, self.errors, **self.extra)
