"""What ends because time passes. The worker asks what is due, and pushes it through the door as the service itself.

a draft note       14 days after it arrived and its visit ended: no secret file
a captured visit   with the last of its drafts, when nothing of it was ever shared
an invitation      when it is over: an open one expires, a full one closes
a recording        when its time is over: photos and clips have none
a visit request    30 days after it was sent
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from service.records.invitations import table as invitations
from service.records.media import table as media
from service.records.notes import table as notes
from service.records.visit_requests import table as visit_requests
from service.records.visits import table as visits
from sync.changes import Change

DRAFTS_LAST = timedelta(days=14)
REQUESTS_LAST = timedelta(days=30)
OPEN_ENDED_LAST = timedelta(days=1)
"""How long after its start an invitation without an end is over."""
MOST = 500
"""Changes at once: as many as one push takes. Ask again until nothing is due."""

Due = Select[str]
"""A statement that gives the ids of what is due."""


def due(connection: Connection, tenant_id: UUID, now: datetime) -> list[Change]:
    """The changes that time has brought about in this tenant by `now`, 500 at most; they only move states.

    Whoever is quicker wins: a note that its author shares before the push is judged cannot expire any more.
    """
    changes: list[Change] = []
    for collection, state, statement in _statements(tenant_id, now):
        ids = connection.execute(statement.limit(MOST - len(changes))).scalars()
        changes += [_change(collection, record_id, state, now) for record_id in ids]
    return changes


def _change(collection: str, record_id: str, state: str, now: datetime) -> Change:
    # one op a day: what could not be done today is tried again tomorrow
    op_id = f"expire-{collection}-{record_id}-{now.date().isoformat()}"
    return Change(op_id, collection, record_id, {"state": state})


def _statements(tenant_id: UUID, now: datetime) -> Iterator[tuple[str, str, Due]]:
    yield "notes", "expired", _drafts(tenant_id, now - DRAFTS_LAST)
    yield "visits", "lapsed", _unshared_visits(tenant_id, now - DRAFTS_LAST)
    yield "invitations", "expired", _past_invitations(tenant_id, "open", now)
    yield "invitations", "closed", _past_invitations(tenant_id, "full", now)
    yield "media", "expiring", _past_recordings(tenant_id, now)
    yield "visit_requests", "expired", _old_requests(tenant_id, now - REQUESTS_LAST)


def _ended_at() -> ColumnElement[datetime]:
    # a phone's clock may run ahead: a visit did not end after the server last heard of it
    return func.least(visits.c.ended_at, visits.c.updated_at)


def _drafts(tenant_id: UUID, before: datetime) -> Due:
    its_visit = and_(visits.c.tenant_id == notes.c.tenant_id, visits.c.id == notes.c.visit_id)
    # ... or be behind, or the phone come home late: its notes have their days from when they arrived
    began = func.greatest(notes.c.created_at, _ended_at())
    return (
        select(notes.c.id)
        .join(visits, its_visit)
        .where(notes.c.tenant_id == tenant_id, visits.c.tenant_id == tenant_id)
        .where(notes.c.state == "draft", began < before)
        .order_by(notes.c.id)
    )


def _unshared_visits(tenant_id: UUID, before: datetime) -> Due:
    fresh = and_(notes.c.state == "draft", notes.c.created_at >= before)
    keeps = or_(fresh, notes.c.state.in_(["shared", "released", "retracted"]))
    its_notes = and_(notes.c.tenant_id == tenant_id, notes.c.visit_id == visits.c.id)
    return (
        select(visits.c.id)
        .where(visits.c.tenant_id == tenant_id, visits.c.state == "captured")
        .where(func.greatest(visits.c.created_at, _ended_at()) < before)
        .where(~exists().where(its_notes, keeps))
        .order_by(visits.c.id)
    )


def _past_invitations(tenant_id: UUID, state: str, now: datetime) -> Due:
    table = invitations.c
    end = func.coalesce(table.ends_at, table.starts_at + OPEN_ENDED_LAST)
    return (
        select(table.id)
        .where(table.tenant_id == tenant_id, table.state == state, end < now)
        .order_by(table.id)
    )


def _past_recordings(tenant_id: UUID, now: datetime) -> Due:
    table = media.c
    past = and_(table.tenant_id == tenant_id, table.state == "ready", table.expires_at <= now)
    return select(table.id).where(past).order_by(table.id)


def _old_requests(tenant_id: UUID, before: datetime) -> Due:
    table = visit_requests.c
    sent = and_(table.tenant_id == tenant_id, table.state == "sent", table.created_at < before)
    return select(table.id).where(sent).order_by(table.id)
