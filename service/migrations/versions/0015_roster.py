"""Make the tables of roster."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import tenant_table

revision = "0015_roster"
down_revision = "0014_audit"


def upgrade() -> None:
    op.create_table(
        "roster_preview",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.Column("many_may_go", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Text(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index(
        "roster_preview_running",
        "roster_preview",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('reading', 'planning', 'applying')"),
    )
    tenant_table("roster_preview")
    op.create_table(
        "roster_source",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("sourced_id", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "collection", "sourced_id"),
        info={"dist": "tenant"},
    )
    tenant_table("roster_source")
