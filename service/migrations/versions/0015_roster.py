"""Make the tables of roster."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import tenant_table

revision = "0015_roster"
down_revision = "0014_audit"


def upgrade() -> None:
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
