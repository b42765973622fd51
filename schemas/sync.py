"""The messages of the native sync doors."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields, validate

from schemas.fields import Flag, Id, Moment, Whole, Words

MOST_CHANGES = 500
LARGEST_PAGE = 2500
"""Of the native door, which cuts a page of long records shorter."""
LARGEST_WHOLE_PAGE = 1000
"""Of other libraries' doors: RxDB takes a page that was cut for the last."""
STATUSES = ("applied", "merged", "repeated", "held", "rejected")
_NUMBER = {"description": "The record's number: send it back as base_seq."}


class Message(Schema):
    """What all messages have in common: members that they do not name are refused."""

    class Meta:
        unknown = RAISE


class PullSchema(Message):
    """What a phone asks for: everything after its cursor, or everything there is when it has none."""

    cursor = Words(400, allow_none=True, load_default=None)
    collections = fields.List(
        Words(64), validate=validate.Length(min=1, max=100), allow_none=True, load_default=None
    )
    limit = Whole(1, LARGEST_PAGE, load_default=500)


class PulledChangeSchema(Message):
    """A record as it stands now, or that it is gone for this person."""

    collection = Words(64, required=True)
    id = Id(required=True)
    seq = Whole(1, 2**63 - 1, required=True, metadata=_NUMBER)
    deleted = Flag(required=True)
    record = fields.Dict(required=True, allow_none=True, metadata={"description": "Null when deleted."})


class PulledSchema(Message):
    """A page of changes, in the order in which to take them; `more` says to ask again at once."""

    changes = fields.List(fields.Nested(PulledChangeSchema), required=True)
    cursor = Words(400, required=True)
    more = Flag(required=True)


class ChangeSchema(Message):
    """One change of one record: the fields that were touched, or `deleted`. Sent again with the same op_id until answered."""

    op_id = Words(200, shortest=1, required=True)
    collection = Words(200, required=True)
    id = Id(required=True)
    base_seq = Whole(
        0, 2**63 - 1, allow_none=True, metadata={"description": "The `seq` that the writer had read."}
    )
    values = fields.Dict(data_key="fields", metadata={"description": "Values by field name."})
    deleted = Flag()


class PushSchema(Message):
    """What a phone sends: its changes in the order in which they were made."""

    changes = fields.List(
        fields.Nested(ChangeSchema), required=True, validate=validate.Length(max=MOST_CHANGES)
    )


class OutcomeSchema(Message):
    """What became of one change. Adopt `record` where it is there; a rejected change is kept in rejected_writes."""

    op_id = Words(200, required=True)
    collection = Words(200, required=True)
    id = Words(200, required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    seq = Whole(1, 2**63 - 1, metadata=_NUMBER)
    record = fields.Dict()
    deleted = Flag()
    problem = fields.Dict(metadata={"description": "As RFC 9457 has it."})
    first = fields.String(
        validate=validate.OneOf(STATUSES), metadata={"description": "With `repeated`: the first answer."}
    )


class PushedSchema(Message):
    """The outcomes, in the order in which the changes were sent."""

    outcomes = fields.List(fields.Nested(OutcomeSchema), required=True)


class DigestQuerySchema(Message):
    """Which collection to count."""

    collection = Words(64, required=True)


class DigestSchema(Message):
    """What this person sees of a collection: how many records, and the xor of the first 8 bytes of sha256("id:seq")."""

    collection = Words(64, required=True)
    count = Whole(0, 2**63 - 1, required=True)
    digest = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{16}\Z"))
    seq = Whole(0, 2**63 - 1, required=True, metadata={"description": "The tenant's clock of this count."})


class VersionSchema(Message):
    """A record as it once was, until the write `seq` of `author` replaced it."""

    seq = Whole(1, 2**63 - 1, required=True)
    at = Moment(required=True)
    author = Words(200, required=True)
    record = fields.Dict(required=True)


class VersionsSchema(Message):
    """Earlier versions of a record, newest first."""

    items = fields.List(fields.Nested(VersionSchema), required=True)


class RestoreSchema(Message):
    """Which version to bring back: the `seq` that its history says."""

    seq = Whole(1, 2**63 - 1, required=True)
