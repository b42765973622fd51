"""What the schema of every kind has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from marshmallow import RAISE, Schema

from schemas.fields import Author, Id, Moment

SERVER_OWNED = ("created_by", "created_at", "updated_at")
"""Fields that the server alone writes: a phone's values are ignored, a REST body that holds them is refused."""


class RecordSchema(Schema):
    """A record on the wire: an id that its client made, fields of its kind, and what the server adds.

    Every field is always present in what the server sends, null included. Unknown fields are refused on the way in.
    """

    class Meta:
        unknown = RAISE

    id = Id(required=True)
    created_by = Author(dump_only=True)
    created_at = Moment(dump_only=True)
    updated_at = Moment(dump_only=True)

    def is_plain(self, said: Mapping[str, Any], *, partial: bool) -> bool:
        """Whether `load` would take these fields (beside a sound id), and change nothing in them.

        False also where only `load` can tell. `partial`: required fields may be missing.
        """
        plain = self._plain
        for name, value in said.items():
            is_plain = plain.get(name)
            if is_plain is None or not is_plain(value):
                return False
        return partial or self._required <= said.keys()

    @cached_property
    def _plain(self) -> Mapping[str, Callable[[Any], bool]]:
        """The test of each field that has one; none at all where the schema has rules beyond its fields."""
        if any(self._hooks.values()):
            return {}
        return {
            name: _test_of(field) for name, field in self.load_fields.items() if hasattr(field, "is_plain")
        }

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(name for name, field in self.load_fields.items() if field.required) - {"id"}


def _test_of(field: Any) -> Callable[[Any], bool]:
    is_plain: Callable[[Any], bool] = field.is_plain
    return (lambda value: value is None or is_plain(value)) if field.allow_none else is_plain
