"""The kinds of records that travel between phones: the table of contents, parents before children.

What lives here: each kind's table, audience, and who may write what (`<kind>.py`, in the vocabulary of `rules`,
`checks` and `scopes`), what the service itself does when something happens (`seating`, `evaluators`, `granting`, `system`) or when
time passes (`expiry`). What does not: words on the wire (`schemas.records`), storing and merging (`sync.server`), HTTP.

To add a kind: a file in `schemas/records`, a file here, a line in `KINDS`, a migration.
"""

from __future__ import annotations

from service import audit
from service.records import (
    comments,
    conflicts,
    debriefs,
    groups,
    invitations,
    media,
    memberships,
    next_steps,
    notes,
    pauses,
    people,
    read_events,
    rejected_writes,
    role_grants,
    schools,
    seats,
    visit_requests,
    visits,
)
from service.records.tables import metadata
from sync.server.kind import Kinds

KINDS = Kinds(
    [
        schools.KIND,
        people.KIND,
        role_grants.KIND,
        pauses.KIND,
        groups.KIND,
        memberships.KIND,
        invitations.KIND,
        seats.KIND,
        visit_requests.KIND,
        visits.KIND,
        notes.KIND,
        debriefs.KIND,
        next_steps.KIND,
        media.KIND,
        comments.KIND,
        conflicts.KIND,
        rejected_writes.KIND,
        read_events.KIND,
    ],
    note=audit.note,
)

__all__ = ["KINDS", "metadata"]
