"""Rosters that administrators send: what they would change, and how far that is."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import Choice, Flag, Moment, Whole
from schemas.sync import Message

ORDERS = ("d/m/Y", "m/d/Y")
STATES = ("reading", "planning", "ready", "faulty", "applying", "applied")


class RosterQuerySchema(Message):
    """How to read what can be read in two ways."""

    dates = Choice(
        *ORDERS,
        load_default=None,
        allow_none=True,
        metadata={"description": "How to read 01/02/2026 where no date of its file shows it."},
    )


class RosterFaultSchema(Message):
    """What cannot be read, where, and what to do. It cites no cell of anybody."""

    file = fields.String(required=True)
    line = Whole(required=True, metadata={"description": "0 is the whole file."})
    column = fields.String(required=True, metadata={"description": "Empty is the whole line."})
    said = fields.String(required=True)


class RosterRepairSchema(Message):
    """What was read otherwise than it was written."""

    said = fields.String(required=True)
    times = Whole(required=True)


class RosterLeftOutSchema(Message):
    """Rows that were left where they stood."""

    what = fields.String(required=True)
    rows = Whole(required=True)


class RosterStepSchema(Message):
    """One record that would be made, changed or ended."""

    act = Choice("new", "changed", "back", "ended", required=True)
    collection = Choice("schools", "people", "memberships", required=True)
    name = fields.String(required=True)


class RosterChangesSchema(Message):
    """What applying would do, and what the reader found."""

    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=Whole()),
        required=True,
        metadata={"description": "How many are new, changed, back or ended, by collection."},
    )
    ends_many = Flag(
        required=True, metadata={"description": "So many people would go that it may be a mistake."}
    )
    kept = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Administrators whom the roster would end: a person decides that."},
    )
    grants = fields.Dict(
        keys=fields.String(),
        values=Whole(),
        required=True,
        metadata={"description": "How many people gain a role, by role."},
    )
    without_powers = fields.List(fields.String(), required=True)
    steps = fields.List(
        fields.Nested(RosterStepSchema), required=True, metadata={"description": "The first 200."}
    )
    faults = fields.List(fields.Nested(RosterFaultSchema), required=True)
    more_faults = Whole(required=True)
    repairs = fields.List(fields.Nested(RosterRepairSchema), required=True)
    left_out = fields.List(fields.Nested(RosterLeftOutSchema), required=True)


class RosterPreviewSchema(Message):
    """A roster that was sent: read, held against what is here (`ready` or `faulty`), and, if you say so, applied."""

    id = fields.UUID(required=True)
    state = Choice(*STATES, required=True)
    asked_at = Moment(required=True)
    expires_at = Moment(required=True, metadata={"description": "When all of it is forgotten."})
    rows_read = Whole(0, 2**63 - 1, required=True)
    done = Whole(required=True, metadata={"description": "Steps that were taken so far."})
    steps = Whole(required=True, metadata={"description": "Steps there are."})
    preview = fields.Nested(RosterChangesSchema, required=True, allow_none=True)
    refused = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What was not taken, and why: the first 100. The rest is done."},
    )


class RosterApplySchema(Message):
    """What an administrator says to a preview that may be a mistake."""

    many_may_go = Flag(
        load_default=False, metadata={"description": "Also when `ends_many`: so many people would go."}
    )
