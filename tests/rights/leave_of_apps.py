"""What lets an app of others in: its scopes, and which of them opens what. The table of `docs/apps.md`, said once more, by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping

APP, NARROW, WITHDRAWN, ITSELF = (
    "app-of-olga", "app-of-olga-for-notes", "app-that-was-withdrawn", "app-by-itself",
)  # fmt: skip
ALL = frozenset({
    "profile", "people:read", "invitations:read", "invitations:write", "visits:read.own", "visits:write", "notes:read",
    "notes:write", "media:read", "media:write", "trends:read", "roster:read", "webhooks:manage",
})  # fmt: skip
HOLDS: Mapping[str, frozenset[str]] = {
    APP: ALL,
    NARROW: frozenset({"notes:read"}),
    WITHDRAWN: ALL,
    ITSELF: frozenset({"trends:read", "roster:read"}),
}
"""Which scopes each app's token names."""
_WRITING = "invitations:write visits:write notes:write media:write"
_READING = f"people:read invitations:read visits:read.own notes:read media:read {_WRITING}"
OPENED_BY = (
    (r"GET /v1/me$", "profile"),
    (r"GET /v1/(schools|people|groups|memberships)\b", "people:read"),
    (r"GET /v1/(board|invitations|seats|visit_requests)\b", "invitations:read invitations:write"),
    (r"\w+ /v1/(invitations|seats|visit_requests)\b", "invitations:write"),
    (r"GET /v1/visits/<visit_id>/", "notes:read notes:write"),  # the notes of a visit, whole
    (r"\w+ /v1/visits/<visit_id>/", "notes:write"),
    (r"GET /v1/visits\b", "visits:read.own visits:write"),
    (r"\w+ /v1/visits\b", "visits:write"),
    (r"GET /v1/(notes|debriefs|next_steps)\b", "notes:read notes:write"),
    (r"\w+ /v1/(notes|debriefs|next_steps)\b", "notes:write"),
    (r"GET /v1/(media|comments)\b|POST /v1/media/<media_id>/play", "media:read media:write"),
    (r"\w+ /v1/(media|comments)\b", "media:write"),
    (r"GET /v1/sync/|POST /v1/sync/pull", _READING),
    (r"POST /v1/sync/", _WRITING),
    (r"\w+ /v1/webhooks\b", "webhooks:manage"),
)
"""Each scope alone opens it. What stands nowhere is for people on our own apps: whatever is an account's, a role's or a log's."""


def hides(collection: str, asker: str) -> bool:
    """Whether these records are not there for the app, whatever who let it in sees."""
    return asker in HOLDS and not lets_in(f"GET /v1/{collection}", asker)


def lets_in(endpoint: str, app: str) -> bool:
    """Whether the token of the app opens this endpoint."""
    opens = next((scopes for rule, scopes in OPENED_BY if re.match(rule, endpoint)), "")
    return not HOLDS[app].isdisjoint(opens.split())
