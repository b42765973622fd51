"""Make the tables of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import tenant_table

revision = "0004_people"
down_revision = "0003_accounts"


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("evaluator_ids", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    tenant_table("people")
    op.create_table(
        "schools",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    tenant_table("schools")
    op.create_table(
        "groups",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("group_type", sa.Text(collation="C"), nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("lead_id", sa.Text(collation="C"), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lead_id"], ["people.tenant_id", "people.id"], name="groups_lead_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("groups_lead_id_idx", "groups", ["tenant_id", "lead_id"], unique=False)
    tenant_table("groups")
    op.create_table(
        "memberships",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("school_id", sa.Text(collation="C"), nullable=True),
        sa.Column("group_id", sa.Text(collation="C"), nullable=True),
        sa.Column("role", sa.Text(collation="C"), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(school_id, group_id) = 1", name="memberships_of_one"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"], ["groups.tenant_id", "groups.id"], name="memberships_group_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["people.tenant_id", "people.id"], name="memberships_person_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "school_id"], ["schools.tenant_id", "schools.id"], name="memberships_school_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("memberships_group_id_idx", "memberships", ["tenant_id", "group_id"], unique=False)
    op.create_index("memberships_person_id_idx", "memberships", ["tenant_id", "person_id"], unique=False)
    op.create_index("memberships_school_id_idx", "memberships", ["tenant_id", "school_id"], unique=False)
    tenant_table("memberships")
