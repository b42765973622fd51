"""The board: the doors that stand open this week, as far as the asker may see them."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from flask import Response
from marshmallow import ValidationError, fields
from sqlalchemy import ColumnElement, Row, Select, and_, any_, false, func, literal, select, tuple_

from schemas.fields import Id, Moment, Words
from schemas.problems import Problem, Refused
from schemas.records.invitations import InvitationSchema
from schemas.sync import Message
from service.api.paging import PageQuerySchema
from service.api.reading import json_text
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.records import KINDS
from service.records.seating import SEATED, TAKES_GUESTS
from sync.clock import stamp
from sync.server.audience import visible
from sync.server.tables import document

blueprint = Blueprint(
    "board", __name__, url_prefix="/v1/board", description="The doors that stand open this week."
)
_INVITATIONS, _SEATS, _PEOPLE = (KINDS[name].table for name in ("invitations", "seats", "people"))
_WEEK = re.compile(r"^(\d{4})-W(\d\d)$")


class Week(fields.String):
    """A week as ISO 8601 has it; its Monday, at 00:00 UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        found = _WEEK.fullmatch(super()._deserialize(value, attr, data, **options))
        try:
            year, week = (int(part) for part in found.groups()) if found else (0, 0)
            return datetime.fromisocalendar(year, week, 1).replace(tzinfo=UTC)
        except ValueError:
            raise ValidationError("A week is written like 2026-W47.") from None


class Offset(fields.Integer):
    """Minutes east of UTC, as the query writes them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if not (isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,3}", value) and abs(int(value)) <= 840):
            raise ValidationError("Minutes from -840 to 840.")
        return int(value)


class BoardQuerySchema(PageQuerySchema):
    """Which doors: of a week (the current one), at a school, open to a group, with words in what to look for."""

    week = Week(metadata={"pattern": _WEEK.pattern, "example": "2026-W47"})
    utc_offset = Offset(
        load_default=0, metadata={"description": "Minutes east of UTC: where the week begins."}
    )
    school_id = Id()
    group_id = Id()
    look_for = Words(200, shortest=1)


class DoorSchema(Message):
    """An open door."""

    invitation = fields.Nested(InvitationSchema, required=True)
    host_name = Words(120, required=True)
    seats = fields.Integer(required=True, allow_none=True, metadata={"description": "Null: room for all."})
    seats_taken = fields.Integer(required=True)
    my_seat = fields.String(required=True, allow_none=True, metadata={"description": "The state of my seat."})


class BoardSchema(Message):
    """A page of the board, by time."""

    items = fields.List(fields.Nested(DoorSchema), required=True)
    cursor = fields.String(required=True, allow_none=True)


@blueprint.route("", policy=Policy.SIGNED_IN, scopes=("invitations:read", "invitations:write"))
@blueprint.takes(BoardQuerySchema, location="query")
@blueprint.gives(200, BoardSchema)
@blueprint.refuses(Problem.INVALID_CURSOR)
@in_transaction
def board(work: Work, asked: dict[str, Any]) -> Response:
    """The invitations of a week that take guests and that you may see."""
    rows = work.connection.execute(_doors(work, asked)).all()
    shown = rows[: asked["limit"]]
    cursor = f'"{_encode(shown[-1])}"' if len(rows) > len(shown) else "null"
    return json_text(f'{{"items":[{",".join(map(_door_text, shown))}],"cursor":{cursor}}}')


def _doors(work: Work, asked: dict[str, Any]) -> Select[Any]:
    tenant_id, invitation, seat = work.actor.tenant_id, _INVITATIONS.c, _SEATS.c
    mine = and_(
        seat.tenant_id == tenant_id,
        seat.invitation_id == invitation.id,
        seat.person_id == work.actor.person_id,
    )
    columns = (document.c.body, invitation.id, invitation.starts_at, invitation.seats, _PEOPLE.c.display_name)
    return (
        select(*columns, _taken(work).label("taken"), seat.state.label("my_seat"))
        .join(document, and_(document.c.tenant_id == tenant_id, document.c.record_id == invitation.id))
        .join(_PEOPLE, and_(_PEOPLE.c.tenant_id == tenant_id, _PEOPLE.c.id == invitation.host_id))
        .join(_SEATS, mine, isouter=True)
        .where(
            invitation.tenant_id == tenant_id,
            document.c.collection == "invitations",
            document.c.deleted == false(),
        )
        .where(visible(work.actor, "invitations", invitation.id), *_wanted(work, asked))
        .order_by(invitation.starts_at, invitation.id)
        .limit(asked["limit"] + 1)
    )


def _taken(work: Work) -> Any:
    seat = _SEATS.alias().c
    sat_on = (
        seat.tenant_id == work.actor.tenant_id,
        seat.invitation_id == _INVITATIONS.c.id,
        seat.state.in_(SEATED),
    )
    return select(func.count()).where(*sat_on).scalar_subquery()


def _wanted(work: Work, asked: dict[str, Any]) -> list[ColumnElement[bool]]:
    invitation = _INVITATIONS.c
    starts = _monday(work, asked) - timedelta(minutes=asked["utc_offset"])
    wanted = [
        invitation.state.in_(TAKES_GUESTS),
        invitation.starts_at >= starts,
        invitation.starts_at < starts + timedelta(weeks=1),
    ]
    if "school_id" in asked:
        wanted.append(invitation.school_id == asked["school_id"])
    if "group_id" in asked:
        wanted.append(literal(asked["group_id"]) == any_(invitation.group_ids))
    if "look_for" in asked:
        wanted.append(invitation.look_for.icontains(asked["look_for"], autoescape=True))
    if "cursor" in asked:
        wanted.append(tuple_(invitation.starts_at, invitation.id) > tuple_(*_decode(asked["cursor"])))
    return wanted


def _monday(work: Work, asked: dict[str, Any]) -> datetime:
    local = work.services.now() + timedelta(minutes=asked["utc_offset"])
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    monday: datetime = asked.get("week", today - timedelta(days=today.weekday()))
    return monday


def _door_text(row: Row[Any]) -> str:
    beside = {
        "host_name": row.display_name,
        "seats": row.seats,
        "seats_taken": row.taken,
        "my_seat": row.my_seat,
    }
    return f'{orjson.dumps(beside).decode()[:-1]},"invitation":{row.body}}}'


def _encode(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(f"{stamp(row.starts_at)} {row.id}".encode()).decode().rstrip("=")


def _decode(text: str) -> tuple[datetime, str]:
    try:
        inside = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
        starts_at, _, record_id = inside.partition(" ")
        return Moment().deserialize(starts_at), Id().deserialize(record_id)
    except (binascii.Error, ValueError, ValidationError):
        raise Refused(Problem.INVALID_CURSOR) from None
