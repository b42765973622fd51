"""Schools: where people work."""

from __future__ import annotations

from schemas.base import RecordSchema
from schemas.fields import Words


class SchoolSchema(RecordSchema):
    """A school of the tenant."""

    name = Words(200, shortest=1, required=True)
