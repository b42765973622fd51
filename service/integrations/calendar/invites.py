"""Calendar invitations by mail (iTIP): one when a seat is taken, another when its time moves, a last one when it falls away.

What a guest was last told is kept for each seat, and compared with how things stand: so no change is missed while no
worker runs, and several changes in a row are told as one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from icalendar import Calendar, vCalAddress, vText
from sqlalchemy import Connection, and_, exists, false, null, or_, select
from sqlalchemy.dialects.postgresql import insert

from service.integrations.calendar.feed import LASTS, LONGEST_TITLE, UNTITLED, Entry, event
from service.integrations.calendar.models import calendar_invite as told
from service.mail import Mail, post
from service.records.invitations import table as invitations
from service.records.seating import SEATED
from service.records.seats import table as seats
from sync.server.audience import visible_to
from sync.server.tables import document

REQUEST, CANCEL = "REQUEST", "CANCEL"
BATCH = 200
Address = Callable[[str], str | None]
"""The address of a person, None when she has none."""


@dataclass(frozen=True, slots=True)
class News:
    """What a guest is to be told of her seat."""

    method: str
    person_id: str
    entry: Entry


def send(connection: Connection, tenant_id: UUID, address: Address, sender: str, now: datetime) -> int:
    """Post what guests have not been told yet; returns how many seats were looked after."""
    rows = [
        *connection.execute(_changed(tenant_id, now)).all(),
        *connection.execute(_gone(tenant_id, now)).all(),
    ]
    for row in rows:
        news = _news(tenant_id, row, now)
        to = address(news.person_id)
        if to is not None:
            post(connection, tenant_id, _mail(news, to, sender), now)
        _keep(connection, tenant_id, row, news)
    return len(rows)


def _changed(tenant_id: UUID, now: datetime) -> Any:
    """Seats of coming lessons of which their guests know less than there is."""
    seat, door = seats.c, invitations.c
    sees = visible_to(tenant_id, seat.person_id, "invitations", door.id)
    stands = and_(door.state != "cancelled", document.c.deleted == false(), door.starts_at.is_not(None))
    comes = and_(seat.state.in_(SEATED), stands, sees)
    known = and_(told.c.tenant_id == seat.tenant_id, told.c.seat_id == seat.id)
    untold = and_(told.c.seat_id.is_(None), comes, door.starts_at > now)
    moved = and_(
        told.c.method == REQUEST,
        or_(told.c.starts_at > now, door.starts_at > now),  # what is over stays in her calendar
        or_(
            ~comes,
            told.c.starts_at.is_distinct_from(door.starts_at),
            told.c.ends_at.is_distinct_from(door.ends_at),
        ),
    )
    again = and_(told.c.method == CANCEL, comes, door.starts_at > now)
    return (
        select(seat.id, seat.person_id, seat.invitation_id, comes.label("comes"))
        .add_columns(
            door.look_for, door.starts_at, door.ends_at, told.c.number, told.c.starts_at.label("told_at")
        )
        .add_columns(told.c.ends_at.label("told_until"))
        .join(invitations, and_(door.tenant_id == seat.tenant_id, door.id == seat.invitation_id))
        .join(document, and_(document.c.tenant_id == door.tenant_id, document.c.record_id == door.id))
        .join(told, and_(known, told.c.tenant_id == tenant_id), isouter=True)
        .where(seat.tenant_id == tenant_id, door.tenant_id == tenant_id, document.c.tenant_id == tenant_id)
        .where(document.c.collection == "invitations", or_(untold, moved, again))
        .order_by(seat.id)
        .limit(BATCH)
    )


def _gone(tenant_id: UUID, now: datetime) -> Any:
    """Seats of coming lessons that were deleted, alone or with their invitation, and of which guests know."""
    there = exists().where(seats.c.tenant_id == tenant_id, seats.c.id == told.c.seat_id)
    return (
        select(told.c.seat_id.label("id"), told.c.person_id, told.c.invitation_id, told.c.number)
        .add_columns(false().label("comes"), null().label("look_for"))
        .add_columns(told.c.starts_at, told.c.ends_at)
        .add_columns(told.c.starts_at.label("told_at"), told.c.ends_at.label("told_until"))
        .where(told.c.tenant_id == tenant_id, told.c.method == REQUEST, told.c.starts_at > now, ~there)
        .order_by(told.c.seat_id)
        .limit(BATCH)
    )


def _news(tenant_id: UUID, row: Any, now: datetime) -> News:
    method = REQUEST if row.comes else CANCEL
    starts_at = (row.starts_at if method == REQUEST else row.told_at or row.starts_at).astimezone(UTC)
    ends_at = row.ends_at if method == REQUEST else row.told_until or row.ends_at
    title = " ".join((row.look_for or "").split())[:LONGEST_TITLE] if method == REQUEST else ""
    entry = Entry(
        uid=f"{row.invitation_id}.invitations.{tenant_id}",
        number=0 if row.number is None else row.number + 1,
        title=title or UNTITLED,
        starts_at=starts_at,
        ends_at=ends_at.astimezone(UTC) if ends_at and ends_at > starts_at else starts_at + LASTS,
        changed_at=now.astimezone(UTC),
        cancelled=method == CANCEL,
    )
    return News(method, row.person_id, entry)


def _mail(news: News, to: str, sender: str) -> Mail:
    calendar = Calendar()
    calendar.add("prodid", "-//Come Watch//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", news.method)
    made = event(news.entry)
    made.add("organizer", vCalAddress(f"mailto:{sender}"))
    guest = vCalAddress(f"mailto:{to}")
    guest.params["PARTSTAT"] = vText("ACCEPTED" if news.method == REQUEST else "DECLINED")
    made.add("attendee", guest)
    calendar.add_component(made)
    said = "In your calendar" if news.method == REQUEST else "Called off"
    when = f"{news.entry.starts_at:%Y-%m-%d %H:%M} UTC"
    return Mail(
        to,
        f"{said}: {news.entry.title}",
        f"{said}: {news.entry.title}\n{when}\n",
        calendar.to_ical().decode(),
    )


def _keep(connection: Connection, tenant_id: UUID, row: Any, news: News) -> None:
    said = {
        "person_id": row.person_id,
        "invitation_id": row.invitation_id,
        "number": news.entry.number,
        "method": news.method,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
    }
    made = insert(told).values(tenant_id=tenant_id, seat_id=row.id, **said)
    connection.execute(
        made.on_conflict_do_update(index_elements=[told.c.tenant_id, told.c.seat_id], set_=said)
    )
