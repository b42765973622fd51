"""Make the queue's tables: procrastinate's own SQL, as its version 3.10 ships it."""

from __future__ import annotations

from alembic import op
from procrastinate.schema import SchemaManager

from service.migrations.roles import APP
from service.migrations.tenancy import local_table

revision = "0002_jobs"
down_revision = "0001_engine"

TABLES = (
    "procrastinate_workers",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_events",
)


def upgrade() -> None:
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    for table in TABLES:
        local_table(table)
        op.execute(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO {APP}")
