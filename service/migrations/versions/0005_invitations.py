"""Make the tables of invitations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import tenant_table

revision = "0005_invitations"
down_revision = "0004_people"


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("host_id", sa.Text(collation="C"), nullable=False),
        sa.Column("school_id", sa.Text(collation="C"), nullable=True),
        sa.Column("look_for", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("next_steps_welcome", sa.Boolean(), nullable=True),
        sa.Column("people_ids", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("group_ids", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("school_ids", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("excluded_ids", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("to_tenant", sa.Boolean(), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at >= starts_at", name="invitations_times"),
        sa.CheckConstraint("seats BETWEEN 1 AND 100", name="invitations_seats"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "host_id"], ["people.tenant_id", "people.id"], name="invitations_host_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "school_id"], ["schools.tenant_id", "schools.id"], name="invitations_school_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("invitations_host_id_idx", "invitations", ["tenant_id", "host_id"], unique=False)
    op.create_index("invitations_school_id_idx", "invitations", ["tenant_id", "school_id"], unique=False)
    tenant_table("invitations")
    op.create_table(
        "seats",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("invitation_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["invitations.tenant_id", "invitations.id"],
            name="seats_invitation_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["people.tenant_id", "people.id"], name="seats_person_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("seats_invitation_id_idx", "seats", ["tenant_id", "invitation_id"], unique=False)
    op.create_index("seats_person_id_idx", "seats", ["tenant_id", "person_id"], unique=False)
    tenant_table("seats")
    op.create_table(
        "visit_requests",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("requester_id", sa.Text(collation="C"), nullable=False),
        sa.Column("host_id", sa.Text(collation="C"), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("invitation_id", sa.Text(collation="C"), nullable=True),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "host_id"], ["people.tenant_id", "people.id"], name="visit_requests_host_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["invitations.tenant_id", "invitations.id"],
            name="visit_requests_invitation_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "requester_id"],
            ["people.tenant_id", "people.id"],
            name="visit_requests_requester_id_fkey",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("visit_requests_host_id_idx", "visit_requests", ["tenant_id", "host_id"], unique=False)
    op.create_index(
        "visit_requests_invitation_id_idx", "visit_requests", ["tenant_id", "invitation_id"], unique=False
    )
    op.create_index(
        "visit_requests_requester_id_idx", "visit_requests", ["tenant_id", "requester_id"], unique=False
    )
    tenant_table("visit_requests")
