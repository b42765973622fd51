"""The walls around tenants, raised by the migration that makes a table. Their meaning never changes once released.

Row-level security is the second wall (the first is `tenant_id = :t` in every statement), forced on the owner too.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from service.migrations.roles import APP, AUDIT

POLICY = "tenant_wall"
ASKING = "nullif(current_setting('app.tenant', true), '')::uuid"
"""The tenant of this transaction; without one it is null, and every table looks empty."""
FIRST_TENANT_TABLE = "sync_clock"


def tenant_table(name: str) -> None:
    """Raise the wall around a table of tenants."""
    _raise_wall(name)
    _grant(name)


def append_only_table(name: str) -> None:
    """Raise the wall around a table of tenants whose rows are read and added, and never changed or taken out."""
    _raise_wall(name)
    op.execute(f"GRANT SELECT, INSERT ON {name} TO {APP}, {AUDIT}")


def head_table(name: str) -> None:
    """Raise the wall around the rows that say where an append-only table ends: they move on, and are never taken out."""
    _raise_wall(name)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {name} TO {APP}, {AUDIT}")


def _raise_wall(name: str) -> None:
    distribute(name)
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    # the sub-select is evaluated once a statement; Citus takes none in a policy
    asking = ASKING if _on_citus() else f"(SELECT {ASKING})"
    op.execute(f"CREATE POLICY {POLICY} ON {name} USING (tenant_id = {asking})")


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


def _grant(name: str) -> None:
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {APP}")


def _citus(call: str) -> None:
    if _on_citus():
        op.execute(f"SELECT {call}")


def _on_citus() -> bool:
    return bool(op.get_bind().scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")))
