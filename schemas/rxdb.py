"""The messages of the RxDB doors, and the schema of each kind as RxDB wants it, made from the same marshmallow schemas."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields

from schemas.fields import Whole
from schemas.native import server_owned
from schemas.sync import LARGEST_WHOLE_PAGE, Message

VERSION = 0
"""Of all published schemas. Raise it when a field is added, changed or taken away: RxDB asks for it (a test tells)."""

RENAMED = {"collection": "collection_name"}
"""Fields whose names RxDB keeps for itself, and what they are called there."""


class Number(fields.Integer):
    """A whole number as a query writes it."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(metadata={"minimum": least, "maximum": most}, **options)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
            number = int(value)
            if self.least <= number <= self.most:
                return number
        raise ValidationError(f"A number from {self.least} to {self.most}.")


class RxdbPullSchema(Message):
    """What an RxDB client asks for: its checkpoint, all zero at first, and the size of its pages."""

    seq = Number(0, 2**62, load_default=0)
    boot = Number(0, 2**62, load_default=0)
    epoch = Number(0, 2**62, load_default=0)
    limit = Number(1, LARGEST_WHOLE_PAGE, load_default=100)


class RxdbCheckpointSchema(Message):
    """Where the client has read to; it stores it and sends it back."""

    seq = Whole(0, 2**62, required=True)
    boot = Whole(0, 2**62, required=True)
    epoch = Whole(0, 2**62, required=True)


class RxdbPulledSchema(Message):
    """A page: full documents, or `{id, _deleted: true}`. Only the last page is shorter than asked."""

    documents = fields.List(fields.Dict(), required=True)
    checkpoint = fields.Nested(RxdbCheckpointSchema, required=True)


class RxdbRowSchema(Message):
    """One document as the person left it, and as the client last knew the server's."""

    new_document_state = fields.Dict(required=True, data_key="newDocumentState")
    assumed_master_state = fields.Dict(data_key="assumedMasterState", allow_none=True)


class RxdbKindSchema(Message):
    """One collection: whether the server alone writes it, and its schema for `addCollections`."""

    read_only = fields.Boolean(required=True)
    json_schema = fields.Dict(required=True, data_key="schema")


class RxdbSchema(Message):
    """Every collection of the service."""

    collections = fields.Dict(keys=fields.String(), values=fields.Nested(RxdbKindSchema), required=True)


def describe(schema: Schema) -> dict[str, Any]:
    """The RxDB schema of a kind. Only the id is required: a tombstone has nothing else, and all but it may be null."""
    properties = {outward(name): _describe(field) for name, field in schema.fields.items()}
    properties |= {"id": {"type": "string", "maxLength": 64}, "seq": _nullable("integer", readOnly=True)}
    return {
        "version": VERSION,
        "primaryKey": "id",
        "type": "object",
        "properties": properties,
        "required": ["id"],
    }


def outward(name: str) -> str:
    """A field's name in RxDB."""
    return RENAMED.get(name, name)


def _describe(field: fields.Field[Any]) -> dict[str, Any]:
    said = {"readOnly": True} if server_owned(field) else {}
    if isinstance(field, fields.List):
        return _nullable("array", items={"type": "string"}, **said)
    return _nullable(_type(field), **said)


def _type(field: fields.Field[Any]) -> str:
    match field:
        case fields.Integer():
            return "integer"
        case fields.Boolean():
            return "boolean"
    return "string"


def _nullable(word: str, **said: Any) -> dict[str, Any]:
    return {"type": [word, "null"], **said}
