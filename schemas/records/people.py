"""People: colleagues, never students."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from schemas.base import RecordSchema
from schemas.fields import Choice, Ids, Words

ROLES = ("teacher", "coach", "lead", "principal", "admin")


class Roles(fields.List[Any]):
    """What a person does here: a set of words out of `ROLES`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Choice(*ROLES), validate=validate.Length(max=len(ROLES)), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        return sorted(set(super()._deserialize(value, attr, data, **options)))


class PersonSchema(RecordSchema):
    """A colleague. `evaluator_ids` are those who evaluate her; what she released is never theirs to read."""

    display_name = Words(120, shortest=1, required=True)
    roles = Roles(allow_none=True)
    evaluator_ids = Ids(allow_none=True)
