"""The schema of each kind in words that a client of any language can follow, made from the same marshmallow schemas."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from schemas.fields import Moment
from schemas.sync import Message

TYPES = ("string", "integer", "boolean", "moment", "ids", "choice")


class NativeFieldSchema(Message):
    """One field: `ids` is a set of texts, `choice` one text out of `choices`."""

    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    nullable = fields.Boolean(required=True)
    required = fields.Boolean(required=True)
    server_owned = fields.Boolean(required=True)
    max_length = fields.Integer()
    choices = fields.List(fields.String())


class NativeKindSchema(Message):
    """One collection; `states` are those of its state machine."""

    read_only = fields.Boolean(required=True)
    states = fields.List(fields.String(), required=True, allow_none=True)
    by_name = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(NativeFieldSchema),
        required=True,
        attribute="fields",
        data_key="fields",
    )


class NativeSchema(Message):
    """Every collection of the service."""

    collections = fields.Dict(keys=fields.String(), values=fields.Nested(NativeKindSchema), required=True)


def describe(schema: Schema) -> dict[str, dict[str, Any]]:
    """The fields of a record's schema by name."""
    return {name: _describe(field) for name, field in schema.fields.items()}


def server_owned(field: fields.Field[Any]) -> bool:
    """Whether the server alone writes the field."""
    return field.dump_only or bool(field.metadata.get("server_owned"))


def _describe(field: fields.Field[Any]) -> dict[str, Any]:
    said = {"type": _type(field), "nullable": field.allow_none, "required": field.required}
    return (
        said
        | {"server_owned": server_owned(field)}
        | _bounds(field.inner if isinstance(field, fields.List) else field)
    )


def _type(field: fields.Field[Any]) -> str:
    match field:
        case fields.List():
            return "ids"
        case Moment():
            return "moment"
        case fields.Integer():
            return "integer"
        case fields.Boolean():
            return "boolean"
        case fields.String():
            return "choice" if _choices(field) else "string"
    raise TypeError(f"the native schema has no word for {type(field).__name__}")


def _bounds(field: fields.Field[Any]) -> dict[str, Any]:
    longest = [rule.max for rule in field.validators if isinstance(rule, validate.Length) and rule.max]
    choices = _choices(field)
    return ({"max_length": min(longest)} if longest else {}) | ({"choices": choices} if choices else {})


def _choices(field: fields.Field[Any]) -> list[str]:
    return [
        str(word) for rule in field.validators if isinstance(rule, validate.OneOf) for word in rule.choices
    ]
