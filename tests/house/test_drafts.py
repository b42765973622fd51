"""Steps are drafted from what the rooms declare, and begun with what the database lacks."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, Uuid

from service.migrations import draft, history, rooms, upgrade
from tests.house.steps import add_step

DOORS = '''"""Make the tables of doors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import tenant_table

revision = "0042_doors"
down_revision = "0041_walls"


def upgrade() -> None:
    op.create_table(
        "doors",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id"),
        info={"dist": "tenant"},
    )
    tenant_table("doors")
'''


def doors(metadata: MetaData) -> Table:
    tenant = Column("tenant_id", Uuid, primary_key=True)
    return Table("doors", metadata, tenant, Column("colour", Text), info={"dist": "tenant"})


def test_a_first_step_is_drafted_from_its_tables() -> None:
    drafted = draft.step("0042_doors", "0041_walls", [doors(MetaData())])
    assert ast.dump(ast.parse(drafted)) == ast.dump(ast.parse(DOORS))


def test_a_new_step_is_begun_with_what_the_database_lacks(
    database_owner_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_step("SELECT 1", tmp_path, monkeypatch)
    upgrade(database_owner_url)
    metadata = MetaData()
    doors(metadata)
    monkeypatch.setattr(rooms, "METADATA", [*rooms.METADATA, metadata])
    with history.opened(database_owner_url) as engine, engine.connect() as connection:
        draft.begin(connection, "Paint the doors")
    number = len(history.revisions())
    begun = (history.VERSIONS / f"{number:04}_paint_the_doors.py").read_text()
    assert begun.startswith('"""Paint the doors."""')
    assert 'down_revision = "9999_more"' in begun.replace("'", '"')
    assert "op.create_table('doors'," in begun
    assert begun.count("op.create_table") == 1
