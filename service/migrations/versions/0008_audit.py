"""Make the tables of audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import append_only_table, head_table

revision = "0008_audit"
down_revision = "0007_notices"


def upgrade() -> None:
    op.create_table(
        "audit_head",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
        info={"dist": "tenant", "wall": "head"},
    )
    head_table("audit_head")
    op.create_table(
        "audit_log",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Text(collation="C"), nullable=True),
        sa.Column("device_id", sa.Text(collation="C"), nullable=True),
        sa.Column("act", sa.Text(collation="C"), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number"),
        info={"dist": "tenant", "wall": "append_only"},
    )
    append_only_table("audit_log")
