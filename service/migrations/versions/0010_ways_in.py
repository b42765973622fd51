"""Make the tables of ways_in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import reference_table, tenant_table

revision = "0010_ways_in"
down_revision = "0009_webhooks"


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(collation="C"), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "issuer", "subject", name="identity_of_issuer"),
        info={"dist": "tenant"},
    )
    op.create_index("identity_person", "identity", ["tenant_id", "person_id"], unique=False)
    tenant_table("identity")
    op.create_table(
        "identity_provider",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(collation="C"), nullable=False),
        sa.Column("client_id", sa.Text(collation="C"), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=True),
        sa.Column("links_by_verified_address", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        info={"dist": "reference"},
    )
    op.create_index("identity_provider_tenant", "identity_provider", ["tenant_id"], unique=False)
    reference_table("identity_provider")
    op.create_table(
        "login_domain",
        sa.Column("domain", sa.Text(collation="C"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
        ),
        sa.PrimaryKeyConstraint("domain"),
        info={"dist": "reference"},
    )
    reference_table("login_domain")
    op.create_table(
        "one_time_secret",
        sa.Column("hash", sa.Text(collation="C"), nullable=False),
        sa.Column("purpose", sa.Text(collation="C"), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("whose", sa.Text(collation="C"), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        info={"dist": "reference"},
    )
    op.create_index("one_time_secret_expires", "one_time_secret", ["expires_at"], unique=False)
    op.create_index("one_time_secret_whose", "one_time_secret", ["whose", "purpose"], unique=False)
    reference_table("one_time_secret")
    op.create_table(
        "passkey",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("went_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        info={"dist": "reference"},
    )
    op.create_index("passkey_person", "passkey", ["tenant_id", "person_id"], unique=False)
    reference_table("passkey")
    op.create_table(
        "provider_domain",
        sa.Column("domain", sa.Text(collation="C"), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["domain"],
            ["login_domain.domain"],
        ),
        sa.ForeignKeyConstraint(["provider_id"], ["identity_provider.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("domain", "provider_id"),
        info={"dist": "reference"},
    )
    op.create_index("provider_domain_provider", "provider_domain", ["provider_id"], unique=False)
    reference_table("provider_domain")
