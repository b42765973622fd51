"""Make the tables of engine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import tenant_table

revision = "0001_engine"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "sync_clock",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("horizon", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
        info={"dist": "tenant"},
        postgresql_with={"fillfactor": 20},
    )
    tenant_table("sync_clock")
    op.create_table(
        "sync_device",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("boot", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("pull_base", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("pull_cursor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("schema_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("clock_offset_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id"),
        info={"dist": "tenant"},
    )
    tenant_table("sync_device")
    op.create_table(
        "sync_document",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("author", sa.Text(collation="C"), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "collection", "record_id"),
        info={"dist": "tenant"},
    )
    tenant_table("sync_document")
    op.create_table(
        "sync_entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("scope_id", sa.Text(collation="C"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "collection", "record_id", "scope_id"),
        info={"dist": "tenant"},
    )
    op.create_index(
        "sync_entry_feed",
        "sync_entry",
        ["tenant_id", "scope_id", "collection", "seq"],
        unique=True,
        postgresql_include=["record_id", "removed"],
    )
    op.create_index(
        "sync_entry_fill",
        "sync_entry",
        ["tenant_id", "scope_id", "collection", "pos"],
        unique=True,
        postgresql_include=["record_id", "removed", "seq"],
    )
    op.create_index(
        "sync_entry_removed",
        "sync_entry",
        ["tenant_id", "seq"],
        unique=False,
        postgresql_where=sa.text("removed"),
    )
    tenant_table("sync_entry")
    op.create_table(
        "sync_held",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("op_id", sa.Text(collation="C"), nullable=False),
        sa.Column("parent_collection", sa.Text(collation="C"), nullable=False),
        sa.Column("parent_id", sa.Text(collation="C"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "op_id"),
        info={"dist": "tenant"},
    )
    op.create_index(
        "sync_held_parent", "sync_held", ["tenant_id", "parent_collection", "parent_id"], unique=False
    )
    tenant_table("sync_held")
    op.create_table(
        "sync_history",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(collation="C"), nullable=False),
        sa.Column("device", sa.Text(collation="C"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "collection", "record_id", "seq"),
        info={"dist": "tenant"},
    )
    op.create_index(
        "sync_history_at", "sync_history", ["tenant_id", "at"], unique=False, postgresql_using="brin"
    )
    tenant_table("sync_history")
    op.create_table(
        "sync_inbox",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("device_id", sa.Text(collation="C"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        info={"dist": "tenant"},
    )
    op.create_index("sync_inbox_at", "sync_inbox", ["tenant_id", "at"], unique=False)
    # squeezing a raw push took longer than writing it, while the clock is held; it is dropped after 30 days
    op.execute("ALTER TABLE sync_inbox ALTER COLUMN body SET STORAGE EXTERNAL")
    tenant_table("sync_inbox")
    op.create_table(
        "sync_mark",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "at"),
        info={"dist": "tenant"},
    )
    tenant_table("sync_mark")
    op.create_table(
        "sync_membership",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("scope_id", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("len", sa.BigInteger(), nullable=False),
        sa.Column("first_base", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", "scope_id"),
        info={"dist": "tenant"},
    )
    op.create_index(
        "sync_membership_scope",
        "sync_membership",
        ["tenant_id", "scope_id"],
        unique=False,
        postgresql_where=sa.text("active"),
    )
    tenant_table("sync_membership")
    op.create_table(
        "sync_receipt",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("op_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "op_id"),
        info={"dist": "tenant"},
    )
    op.create_index(
        "sync_receipt_at", "sync_receipt", ["tenant_id", "at"], unique=False, postgresql_using="brin"
    )
    tenant_table("sync_receipt")
    op.create_table(
        "sync_scope",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("scope_id", sa.Text(collation="C"), nullable=False),
        sa.Column("next_pos", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "scope_id"),
        info={"dist": "tenant"},
        postgresql_with={"fillfactor": 50},
    )
    tenant_table("sync_scope")
    op.create_table(
        "sync_sent",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Text(collation="C"), nullable=False),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("op_id", sa.Text(collation="C"), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", "collection", "record_id"),
        info={"dist": "tenant"},
    )
    tenant_table("sync_sent")
