"""A kind's words and its table are two facts that must agree; its parents and its states are those of the design."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, fields
from sqlalchemy import ARRAY, Boolean, CheckConstraint, DateTime, ForeignKeyConstraint, Integer, Table, Text

from observation_tools import states
from schemas.fields import Moment
from service.records import KINDS, metadata
from service.records.tables import kind_table, words
from sync.server.kind import Kind

ALL = [
    "schools",
    "people",
    "role_grants",
    "pauses",
    "groups",
    "memberships",
    "invitations",
    "seats",
    "visit_requests",
    "visits",
    "notes",
    "debriefs",
    "next_steps",
    "media",
    "comments",
    "conflicts",
    "rejected_writes",
    "read_events",
]
MACHINES = {
    "pauses": states.PAUSE,
    "groups": states.STUDIO,
    "memberships": states.STUDIO_MEMBER,
    "invitations": states.INVITATION,
    "seats": states.SEAT,
    "visit_requests": states.VISIT_REQUEST,
    "visits": states.VISIT,
    "notes": states.NOTE,
    "debriefs": states.DEBRIEF,
    "next_steps": states.NEXT_STEP,
    "media": states.MEDIA,
}
COLUMN_OF: list[tuple[type[fields.Field[Any]], type[Any]]] = [
    (fields.List, ARRAY),
    (fields.Boolean, Boolean),
    (fields.Integer, Integer),
    (Moment, DateTime),
    (fields.String, Text),
]

kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def column_type(field: fields.Field[Any]) -> type[Any]:
    return next(column for words, column in COLUMN_OF if isinstance(field, words))


def differences(schema: Schema, table: Table) -> set[str]:
    """What wire and table do not agree about; empty when they do."""
    columns = {column.name: column for column in table.columns if column.name != "tenant_id"}
    found = set(columns) ^ set(schema.fields)
    for name in set(columns) & set(schema.fields):
        field, column = schema.fields[name], columns[name]
        always_there = field.required or field.dump_only or name == "state"
        if not isinstance(column.type, column_type(field)) or column.nullable == always_there:
            found.add(name)
    return found


def test_all_eighteen_kinds_are_there() -> None:
    assert list(KINDS) == ALL


@kinds
def test_wire_and_table_agree(kind: Kind) -> None:
    assert differences(kind.schema, kind.table) == set()


def test_a_renamed_column_is_found() -> None:
    renamed = kind_table("schools_renamed", words("title", required=True))
    metadata.remove(renamed)
    assert differences(KINDS["schools"].schema, renamed) == {"name", "title"}


def test_a_column_that_forgets_to_be_required_is_found() -> None:
    loose = kind_table("schools_loose", words("name"))
    metadata.remove(loose)
    assert differences(KINDS["schools"].schema, loose) == {"name"}


@kinds
def test_parents_come_before_their_children(kind: Kind) -> None:
    for field, parent in kind.parents.items():
        assert field in kind.schema.fields
        assert ALL.index(parent) < ALL.index(kind.name)


@kinds
def test_the_state_machine_is_the_right_one(kind: Kind) -> None:
    assert kind.machine is MACHINES.get(kind.name)
    assert ("state" in kind.schema.fields) == (kind.name in MACHINES)


@kinds
def test_keys_and_indexes_start_with_the_tenant(kind: Kind) -> None:
    assert kind.table.info == {"dist": "tenant"}
    assert [column.name for column in kind.table.primary_key] == ["tenant_id", "id"]
    for index in kind.table.indexes:
        assert next(iter(index.columns)).name == "tenant_id"


@kinds
def test_what_a_record_names_must_be_there_before_it(kind: Kind) -> None:
    ties = {}
    for constraint in kind.table.constraints:
        if isinstance(constraint, ForeignKeyConstraint):
            assert constraint.deferrable is None
            assert constraint.column_keys[0] == "tenant_id"
            ties[constraint.column_keys[1]] = constraint.referred_table.name
    assert kind.parents.items() <= ties.items()
    indexed = {index.columns.keys()[1] for index in kind.table.indexes}
    assert set(ties) <= indexed


@kinds
def test_policies_name_fields(kind: Kind) -> None:
    assert set(kind.policies) <= set(kind.schema.fields)


def test_only_these_rules_stand_in_the_tables() -> None:
    rules = {
        (table.name, str(constraint.sqltext))
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert rules == {
        ("role_grants", "(role = 'evaluator') = (host_id IS NOT NULL)"),
        ("memberships", "num_nonnulls(school_id, group_id) = 1"),
        ("invitations", "seats BETWEEN 1 AND 100"),
        ("invitations", "ends_at >= starts_at"),
        ("visits", "ended_at >= started_at"),
        ("notes", "until_ms >= at_ms"),
        ("debriefs", "minutes BETWEEN 0 AND 600"),
        ("media", "size_bytes > 0"),
        ("media", "until_ms > from_ms"),
        ("comments", "until_ms >= at_ms"),
    }
