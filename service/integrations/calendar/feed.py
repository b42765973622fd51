"""A person's calendar as iCalendar: her open doors, the seats she took, the visits that are planned.

Only what she may see by the one visibility, under a title that she reads in the app too; no notes, places or people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from icalendar import Calendar, Event
from sqlalchemy import ColumnElement, Connection, Select, and_, any_, exists, false, literal, or_, select

from service.records.invitations import table as invitations
from service.records.seating import SEATED
from service.records.seats import table as seats
from service.records.visits import table as visits
from sync.server.actor import Actor
from sync.server.audience import visible
from sync.server.tables import document

PAST = timedelta(days=30)
MOST = 500
LASTS = timedelta(hours=1)
"""Where nobody said until when."""
LONGEST_TITLE = 200
UNTITLED = "Come and watch"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a calendar. `number` rises with each change of the record."""

    uid: str
    number: int
    title: str
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime
    cancelled: bool


def entries(connection: Connection, actor: Actor, now: datetime) -> list[Entry]:
    """What stands in the person's calendar, from a month ago on, by time."""
    found = [
        _entry(actor.tenant_id, collection, row)
        for collection, statement in _statements(actor, now - PAST)
        for row in connection.execute(statement)
    ]
    return sorted(found, key=lambda entry: (entry.starts_at, entry.uid))


def write(found: list[Entry]) -> bytes:
    """The entries as an iCalendar document: lines folded at 75 bytes, times in UTC."""
    calendar = Calendar()
    calendar.add("prodid", "-//Come Watch//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Come Watch")
    for entry in found:
        calendar.add_component(event(entry))
    text: bytes = calendar.to_ical()
    return text


def event(entry: Entry) -> Event:
    """One entry in iCalendar's words."""
    made = Event()
    made.add("uid", entry.uid)
    made.add("sequence", entry.number)
    made.add("summary", entry.title)
    made.add("dtstart", entry.starts_at)
    made.add("dtend", entry.ends_at)
    made.add("dtstamp", entry.changed_at)
    made.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    return made


def _statements(actor: Actor, since: datetime) -> Iterator[tuple[str, Select[Any]]]:
    door, visit = invitations.c, visits.c
    her_seat = exists().where(
        seats.c.tenant_id == actor.tenant_id,
        seats.c.invitation_id == door.id,
        seats.c.person_id == actor.person_id,
        seats.c.state.in_(SEATED),
    )
    hers = and_(
        door.starts_at >= since, door.state != "draft", or_(door.host_id == actor.person_id, her_seat)
    )
    columns: tuple[Any, ...] = (door.look_for.label("title"), door.starts_at, door.ends_at)
    yield (
        "invitations",
        _shown(actor, "invitations", door, columns, hers).order_by(door.starts_at).limit(MOST),
    )
    there = or_(visit.host_id == actor.person_id, literal(actor.person_id) == any_(visit.observer_ids))
    planned = and_(visit.planned_at >= since, there)
    columns = (
        visit.focus.label("title"),
        visit.planned_at.label("starts_at"),
        visit.ended_at.label("ends_at"),
    )
    yield "visits", _shown(actor, "visits", visit, columns, planned).order_by(visit.planned_at).limit(MOST)


def _shown(
    actor: Actor, collection: str, table: Any, columns: tuple[Any, ...], wanted: ColumnElement[bool]
) -> Select[Any]:
    return (
        select(table.id, table.state, table.updated_at, document.c.seq, *columns)
        .join(document, and_(document.c.tenant_id == table.tenant_id, document.c.record_id == table.id))
        .where(document.c.tenant_id == actor.tenant_id, table.tenant_id == actor.tenant_id)
        .where(document.c.collection == collection, document.c.deleted == false(), wanted)
        .where(visible(actor, collection, table.id))
    )


def _entry(tenant_id: UUID, collection: str, row: Any) -> Entry:
    starts_at = row.starts_at.astimezone(UTC)
    ends_at = row.ends_at.astimezone(UTC) if row.ends_at else starts_at
    return Entry(
        uid=f"{row.id}.{collection}.{tenant_id}",
        number=row.seq,
        title=" ".join((row.title or "").split())[:LONGEST_TITLE] or UNTITLED,
        starts_at=starts_at,
        ends_at=ends_at if ends_at > starts_at else starts_at + LASTS,
        changed_at=row.updated_at.astimezone(UTC),
        cancelled=row.state == "cancelled",
    )
