"""Alembic's own door: what it runs for an upgrade, a check or a draft, on the connection that it is handed."""

from __future__ import annotations

from alembic import context

from service.migrations.rooms import METADATA, ours

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_name=ours,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
