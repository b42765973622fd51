"""Make the tables of calendar."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import tenant_table

revision = "0013_calendar"
down_revision = "0012_mail"


def upgrade() -> None:
    op.create_table(
        "calendar_invite",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seat_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("invitation_id", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(collation="C"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "seat_id"),
        info={"dist": "tenant"},
    )
    tenant_table("calendar_invite")
    op.create_table(
        "calendar_link",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("secret_hash", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "person_id"),
        info={"dist": "tenant"},
    )
    tenant_table("calendar_link")
