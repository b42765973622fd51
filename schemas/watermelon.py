"""The messages of the WatermelonDB door, and each kind as a table there, made from the same marshmallow schemas.

WatermelonDB has texts, numbers and booleans only. A moment is a number, milliseconds since 1970: the library demands that of
`created_at` and `updated_at`, its `@date` reads it, and nothing is lost, as ours are kept to the millisecond. A list is
JSON text, which its `@json` reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, fields

from schemas.base import SERVER_OWNED
from schemas.fields import Id, Moment, Words
from schemas.sync import LARGEST_WHOLE_PAGE, Message

VERSION = 1
"""Of the published tables. Raise it when a column is added, changed or taken away (a test tells)."""
LAST = 2**53
"""JavaScript counts no further."""
BOOKKEEPING = ("id", "_status", "_changed")
"""What WatermelonDB itself keeps in every row."""
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LIST = json.JSONEncoder(separators=(",", ":")).encode
_ALWAYS_THERE = ("created_at", "updated_at")


class Number(fields.String):
    """A whole number as a query writes it; where it may be null, also as JavaScript writes nothing at all."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if self.allow_none and value in ("null", "undefined", ""):
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
            number = int(value)
            if self.least <= number <= self.most:
                return number
        raise ValidationError(f"A number from {self.least} to {self.most}.")


class Migration(fields.String):
    """WatermelonDB's `migration` as JSON text: the tables that a phone must get in full, as it or its columns are new there."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        try:
            said = json.loads(value) if value not in ("", "undefined") else None
            tables = [*said["tables"], *(new["table"] for new in said["columns"])] if said else []
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ValidationError("WatermelonDB's migration as JSON, or null.") from None
        if not all(isinstance(table, str) for table in tables):
            raise ValidationError("Tables are named by texts.")
        return sorted(set(tables))


class Names(fields.String):
    """Names between commas."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return [name for name in str(value).split(",") if name] or None


class WatermelonPullSchema(Message):
    """What WatermelonDB's `pullChanges` was given, and, if wished, which collections and how many rows at once."""

    last_pulled_at = Number(0, LAST, allow_none=True, load_default=None)
    schema_version = Number(1, 2**31 - 1, allow_none=True, load_default=None)
    migration = Migration(load_default=list)
    collections = Names(load_default=None)
    limit = Number(1, LARGEST_WHOLE_PAGE, load_default=500)


class WatermelonPushQuerySchema(Message):
    """The `lastPulledAt` that `pushChanges` was given. One that cannot be read is no reason to turn a push away."""

    last_pulled_at = Words(64, load_default=None)


class WatermelonRowsSchema(Message):
    """The rows of one table; ours are all `updated`, as nobody knows what a phone still holds."""

    created = fields.List(fields.Dict(), required=True)
    updated = fields.List(fields.Dict(), required=True)
    deleted = fields.List(Id(), required=True)


class WatermelonPulledSchema(Message):
    """What changed. `has_more` asks to synchronize again at once; a `replacement` drops whatever else the phone holds."""

    changes = fields.Dict(keys=fields.String(), values=fields.Nested(WatermelonRowsSchema), required=True)
    timestamp = fields.Integer(required=True)
    has_more = fields.Boolean(required=True)
    experimental_strategy = fields.String(data_key="experimentalStrategy")


class WatermelonPushSchema(Message):
    """WatermelonDB's changes, as it sends them."""

    changes = fields.Dict(keys=fields.String(), values=fields.Nested(WatermelonRowsSchema), required=True)


class WatermelonColumnSchema(Message):
    """A column as WatermelonDB's `tableSchema` takes it."""

    name = fields.String(required=True)
    type = fields.String(required=True)
    is_optional = fields.Boolean(data_key="isOptional")
    is_indexed = fields.Boolean(data_key="isIndexed")


class WatermelonTableSchema(Message):
    """A table as WatermelonDB's `tableSchema` takes it."""

    name = fields.String(required=True)
    columns = fields.List(fields.Nested(WatermelonColumnSchema), required=True)


class WatermelonSchema(Message):
    """What WatermelonDB's `appSchema` takes, once each table went through `tableSchema`."""

    version = fields.Integer(required=True)
    tables = fields.List(fields.Nested(WatermelonTableSchema), required=True)


def table(name: str, schema: Schema) -> dict[str, Any]:
    """A kind as a table. All columns but required ones may be null; ids are indexed."""
    columns = [_column(name, field) for name, field in schema.fields.items() if name != "id"]
    return {"name": name, "columns": columns}


def _column(name: str, field: fields.Field[Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"name": name, "type": _type(field)}
    if not field.required and name not in _ALWAYS_THERE:
        said["is_optional"] = True
    return said | ({"is_indexed": True} if isinstance(field, Id) else {})


def _type(field: fields.Field[Any]) -> str:
    match field:
        case fields.Integer() | Moment():
            return "number"
        case fields.Boolean():
            return "boolean"
        case fields.String() | fields.List():
            return "string"
    raise TypeError(f"WatermelonDB has no column for {type(field).__name__}")


def outward(schema: Schema, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ours as a row of WatermelonDB."""
    row = dict(record)
    for name in row.keys() - schema.fields.keys():
        del row[name]
    for name, said in _said_otherwise(schema):
        if row.get(name) is not None:
            row[name] = said(row[name])
    return row


@cache
def _said_otherwise(schema: Schema) -> list[tuple[str, Callable[[Any], Any]]]:
    """The fields whose values WatermelonDB has in another form, each with what makes it."""
    ways = [(Moment, _milliseconds), (fields.List, _LIST)]
    return [
        (name, say) for name, field in schema.fields.items() for kind, say in ways if isinstance(field, kind)
    ]


def _milliseconds(moment: str) -> int:
    return (datetime.fromisoformat(moment) - _START) // _MILLISECOND


def inward(schema: Schema, row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a row of WatermelonDB says, as our wire has them; what cannot be read is left for the schema to refuse.

    A null in a field that is never empty says nothing (the state of a new record), nor does one in a column that is the
    phone's own.
    """
    said = {
        name: _inward(schema.fields.get(name), value)
        for name, value in row.items()
        if name not in (*BOOKKEEPING, *SERVER_OWNED)
    }
    return {
        name: value
        for name, value in said.items()
        if value is not None or _may_be_null(schema.fields.get(name))
    }


def _inward(field: fields.Field[Any] | None, value: Any) -> Any:
    if isinstance(field, Moment) and isinstance(value, int | float) and not isinstance(value, bool):
        return _moment(value)
    if isinstance(field, fields.List) and isinstance(value, str):
        return _list(value)
    return value


def _moment(value: float) -> Any:
    try:
        moment = _START + int(value) * _MILLISECOND
    except (OverflowError, ValueError):
        return value
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _list(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _may_be_null(field: fields.Field[Any] | None) -> bool:
    return field is not None and (field.allow_none or field.required)
