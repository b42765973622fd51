"""The walls around tenants, raised by the migration that makes a table. Their meaning never changes once released.

Row-level security is the second wall (the first is `tenant_id = :t` in every statement), forced on the owner too.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from service.migrations.roles import APP, AUDIT

POLICY = "tenant_wall"
TENANT = "tenant_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)"
"""The sub-select is evaluated once a statement; without app.tenant it is null, and every table looks empty."""
FIRST_TENANT_TABLE = "sync_clock"


def tenant_table(name: str, *, audit: bool = False) -> None:
    """Raise the wall around a table of tenants; an audit table can only be added to and read."""
    distribute(name)
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {POLICY} ON {name} USING ({TENANT})")
    _grant(name, audit)


def reference_table(name: str) -> None:
    """Open a table of the installation, a copy of which lies on each node."""
    _citus(f"create_reference_table('{name}')")
    _grant(name)


def local_table(name: str) -> None:
    """Open a table that stays on the first node, though written in one transaction with tables of tenants."""
    _citus(f"citus_add_local_table_to_metadata('{name}')")
    _grant(name)


def distribute(name: str) -> None:
    """Spread the table over Citus's nodes by tenant, each tenant's rows together; nothing on plain PostgreSQL."""
    beside = "none" if name == FIRST_TENANT_TABLE else FIRST_TENANT_TABLE
    _citus(f"create_distributed_table('{name}', 'tenant_id', colocate_with => '{beside}')")


def _grant(name: str, audit: bool = False) -> None:
    op.execute(f"GRANT SELECT, INSERT{'' if audit else ', UPDATE, DELETE'} ON {name} TO {APP}")
    if audit:
        op.execute(f"GRANT SELECT, INSERT ON {name} TO {AUDIT}")


def _citus(call: str) -> None:
    if op.get_bind().scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")):
        op.execute(f"SELECT {call}")
