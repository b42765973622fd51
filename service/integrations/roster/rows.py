"""The words of the rows that are kept: each file's columns, and what their cells must hold."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates

from schemas.fields import Words
from service.integrations.roster.findings import Findings
from service.integrations.roster.table import Columns, Row

LONGEST_ID = 255
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
MANIFEST = Columns(("propertyName", "value"))
ORGS = Columns(("sourcedId", "name", "type"), ("status", "parentSourcedId"))
USERS = Columns(
    ("sourcedId", "givenName", "familyName"),
    (
        "status",
        "enabledUser",
        "role",
        "email",
        "orgSourcedIds",
        "primaryOrgSourcedId",
        "preferredGivenName",
        "preferredFamilyName",
    ),
)
ROLES = Columns(("userSourcedId", "role"), ("orgSourcedId", "status", "beginDate", "endDate"))
CLASSES = Columns(("sourcedId",), ("schoolSourcedId", "termSourcedIds", "status"))
SESSIONS = Columns(("sourcedId", "endDate"), ("status",))
ENROLLMENTS = Columns(
    ("userSourcedId", "role"), ("classSourcedId", "schoolSourcedId", "status", "beginDate", "endDate")
)
GONE = frozenset({"tobedeleted", "inactive"})


def _address(text: str) -> None:
    if text and not _ADDRESS.fullmatch(text):
        raise ValidationError("This is no address such as ana@school.example: correct it, or leave it empty.")


class _RowSchema(Schema):
    class Meta:
        unknown = EXCLUDE


class _NamedRowSchema(_RowSchema):
    sourcedId = Words(LONGEST_ID, shortest=1)  # noqa: N815  # OneRoster's words

    @validates("sourcedId")
    def is_of_one_line(self, said: str, **_: Any) -> None:
        """Ids of people and schools are kept as lines."""
        if not said.isprintable():
            raise ValidationError("It has a line break or another control character: take it out.")


class OrgRowSchema(_NamedRowSchema):
    """A line of orgs.csv that is a school's."""

    name = Words(200, shortest=1)


class UserRowSchema(_NamedRowSchema):
    """A line of users.csv that is of somebody who works here."""

    givenName = Words(100)  # noqa: N815
    familyName = Words(100)  # noqa: N815
    preferredGivenName = Words(100)  # noqa: N815
    preferredFamilyName = Words(100)  # noqa: N815
    email = fields.String(validate=_address)
    display_name = Words(120, shortest=1)


ORG, USER = OrgRowSchema(), UserRowSchema()


def load(schema: Schema, file: str, row: Row, findings: Findings, **more: str) -> dict[str, Any] | None:
    """The row by its schema; None when it is faulty, each fault told by its column."""
    try:
        loaded: dict[str, Any] = schema.load({**row.cells, **more})
    except ValidationError as error:
        for column, messages in sorted(error.messages_dict.items()):
            place = "familyName" if column == "display_name" else column
            findings.fault(file, row.line, place, " ".join(messages))
        return None
    return loaded


def is_gone(row: Row) -> bool:
    """Whether the row says that what it is about has ended."""
    return row["status"].lower() in GONE


def several(cell: str) -> list[str]:
    """The ids of a cell that holds several.

    >>> several("org-1, org-2")
    ['org-1', 'org-2']
    """
    return [one.strip() for one in re.split(r"[,;|]", cell) if one.strip()]
