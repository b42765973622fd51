"""Make the tables of audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import append_only_table, head_table, tenant_table

revision = "0014_audit"
down_revision = "0013_calendar"


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
    op.create_table(
        "pauses",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("evaluator_id", sa.Text(collation="C"), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "evaluator_id"], ["people.tenant_id", "people.id"], name="pauses_evaluator_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["people.tenant_id", "people.id"], name="pauses_person_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("pauses_evaluator_id_idx", "pauses", ["tenant_id", "evaluator_id"], unique=False)
    op.create_index("pauses_person_id_idx", "pauses", ["tenant_id", "person_id"], unique=False)
    tenant_table("pauses")
    op.create_table(
        "role_grants",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("role", sa.Text(collation="C"), nullable=False),
        sa.Column("host_id", sa.Text(collation="C"), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_by", sa.Text(collation="C"), nullable=True),
        sa.Column("ended_by", sa.Text(collation="C"), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(role = 'evaluator') = (host_id IS NOT NULL)", name="role_grants_evaluator"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "host_id"], ["people.tenant_id", "people.id"], name="role_grants_host_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["people.tenant_id", "people.id"], name="role_grants_person_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("role_grants_host_id_idx", "role_grants", ["tenant_id", "host_id"], unique=False)
    op.create_index("role_grants_person_id_idx", "role_grants", ["tenant_id", "person_id"], unique=False)
    tenant_table("role_grants")
