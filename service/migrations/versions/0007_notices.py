"""Make the tables of notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import tenant_table

revision = "0007_notices"
down_revision = "0006_visits"


def upgrade() -> None:
    op.create_table(
        "conflicts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("collection", sa.Text(collation="C"), nullable=True),
        sa.Column("record_id", sa.Text(collation="C"), nullable=True),
        sa.Column("field", sa.Text(collation="C"), nullable=True),
        sa.Column("kept", sa.Text(), nullable=True),
        sa.Column("other", sa.Text(), nullable=True),
        sa.Column("kept_by", sa.Text(collation="C"), nullable=True),
        sa.Column("other_by", sa.Text(collation="C"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("person_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("conflicts_person_id_idx", "conflicts", ["tenant_id", "person_id"], unique=False)
    tenant_table("conflicts")
    op.create_table(
        "rejected_writes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("collection", sa.Text(), nullable=True),
        sa.Column("record_id", sa.Text(), nullable=True),
        sa.Column("op_id", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(collation="C"), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("person_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index(
        "rejected_writes_person_id_idx", "rejected_writes", ["tenant_id", "person_id"], unique=False
    )
    tenant_table("rejected_writes")
    op.create_table(
        "read_events",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("visit_id", sa.Text(collation="C"), nullable=False),
        sa.Column("record_kind", sa.Text(collation="C"), nullable=True),
        sa.Column("record_id", sa.Text(collation="C"), nullable=True),
        sa.Column("reader_id", sa.Text(collation="C"), nullable=True),
        sa.Column("how", sa.Text(collation="C"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "reader_id"], ["people.tenant_id", "people.id"], name="read_events_reader_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "visit_id"], ["visits.tenant_id", "visits.id"], name="read_events_visit_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("read_events_reader_id_idx", "read_events", ["tenant_id", "reader_id"], unique=False)
    op.create_index("read_events_visit_id_idx", "read_events", ["tenant_id", "visit_id"], unique=False)
    tenant_table("read_events")
    op.create_table(
        "read_log",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reader_id", sa.Text(collation="C"), nullable=False),
        sa.Column("device_id", sa.Text(collation="C"), nullable=False),
        sa.Column("how", sa.Text(collation="C"), nullable=False),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("record_ids", sa.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("read_log_at", "read_log", ["tenant_id", "at"], unique=False)
    tenant_table("read_log")
    op.create_table(
        "media_erased",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
        info={"dist": "tenant"},
    )
    tenant_table("media_erased")
