"""The walls between tenants: each stands, and each of these checks falls when its wall is taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    insert,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from service.database import Database
from service.migrations import rooms
from tests import tenancy_guard

NORTH = UUID("11111111-1111-4111-8111-111111111111")
SOUTH = UUID("22222222-2222-4222-8222-222222222222")
SPREADS = {"tenant", "reference", "local"}
TABLES = rooms.tables()
OF_TENANTS = [table for table in TABLES if table.info.get("dist") == "tenant"]


# -- what is declared -------------------------------------------------------------------------------------------------


def undeclared(tables: list[Table]) -> list[str]:
    """Tables that do not say how they are spread."""
    return [table.name for table in tables if table.info.get("dist") not in SPREADS]


def keys_without_tenant(tables: list[Table]) -> list[str]:
    """Keys, unique constraints and indexes of tables of tenants that do not start with the tenant."""
    keys = [(table.name, list(table.primary_key.columns)) for table in tables]
    for table in tables:
        keys += [(str(index.name), list(index.columns)) for index in table.indexes]
        keys += [
            (str(rule.name), list(rule.columns))
            for rule in table.constraints
            if isinstance(rule, UniqueConstraint)
        ]
    return [name for name, columns in keys if not columns or columns[0].name != "tenant_id"]


def single_ties(tables: list[Table]) -> list[str]:
    """Foreign keys between tables of tenants that another tenant's row would satisfy."""
    ties = [(table, tie) for table in tables for tie in table.foreign_key_constraints]
    between = [(table, tie) for table, tie in ties if tie.referred_table.info.get("dist") == "tenant"]
    return [
        f"{table.name}.{tie.column_keys[-1]}"
        for table, tie in between
        if tie.column_keys[0] != "tenant_id" or tie.elements[0].column.name != "tenant_id"
    ]


def ties_upwards(tables: list[Table]) -> list[str]:
    """Foreign keys of reference and local tables to tables of tenants."""
    return [
        f"{table.name}.{tie.column_keys[-1]}"
        for table in tables
        for tie in table.foreign_key_constraints
        if table.info.get("dist") != "tenant" and tie.referred_table.info.get("dist") == "tenant"
    ]


def test_every_table_says_how_it_is_spread() -> None:
    assert len(TABLES) > 20
    assert undeclared(TABLES) == []


def test_every_key_and_index_of_tenants_starts_with_the_tenant() -> None:
    assert keys_without_tenant(OF_TENANTS) == []


def test_every_tie_between_tables_of_tenants_is_composite() -> None:
    assert sum(len(table.foreign_key_constraints) for table in OF_TENANTS) > 10
    assert single_ties(OF_TENANTS) == []


def test_no_reference_table_is_tied_to_a_table_of_tenants() -> None:
    assert ties_upwards(TABLES) == []


def careless() -> dict[str, Table]:
    """Tables as they must not be."""
    metadata = MetaData()
    good = Table(
        "good",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("id", Text, primary_key=True),
        info={"dist": "tenant"},
    )
    bare = Table("bare", metadata, Column("id", Text, primary_key=True))
    key = Table(
        "key",
        metadata,
        Column("id", Text, primary_key=True),
        Column("tenant_id", Uuid),
        info={"dist": "tenant"},
    )
    Index("key_index", key.c.tenant_id)
    single = Table(
        "single",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("good_id", ForeignKey(good.c.id)),
        Column("slug", Text),
        UniqueConstraint("slug", name="single_slug"),
        info={"dist": "tenant"},
    )
    Index("single_slug_index", single.c.slug, single.c.tenant_id)
    upward = Table(
        "upward",
        metadata,
        Column("tenant_id", Uuid),
        Column("good_id", Text),
        ForeignKeyConstraint(["tenant_id", "good_id"], [good.c.tenant_id, good.c.id]),
        info={"dist": "reference"},
    )
    return {table.name: table for table in (good, bare, key, single, upward)}


@pytest.mark.parametrize(
    ("check", "table", "found"),
    [
        (undeclared, "bare", ["bare"]),
        (undeclared, "good", []),
        (keys_without_tenant, "key", ["key"]),
        (keys_without_tenant, "single", ["single_slug_index", "single_slug"]),
        (keys_without_tenant, "good", []),
        (single_ties, "single", ["single.good_id"]),
        (single_ties, "upward", []),
        (ties_upwards, "upward", ["upward.good_id"]),
        (ties_upwards, "single", []),
    ],
)
def test_the_declarations_checks_find_fault(
    check: Callable[[list[Table]], list[str]], table: str, found: list[str]
) -> None:
    assert check([careless()[table]]) == found


# -- what stands in the database --------------------------------------------------------------------------------------


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def shared(session_database_url: str) -> Iterator[Database]:
    """A database for what is refused, and so leaves no trace."""
    database = Database(session_database_url)
    yield database
    database.dispose()


Owner = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def owner(database_owner_url: str) -> Iterator[Owner]:
    """The superuser, who can take walls away."""
    with psycopg.connect(database_owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


WALLS = """
SELECT c.relname FROM pg_class c JOIN pg_policies p ON p.tablename = c.relname AND p.schemaname = 'public'
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s)
AND c.relrowsecurity AND c.relforcerowsecurity AND c.relowner = 'comewatch_owner'::regrole
GROUP BY c.relname HAVING count(*) = 1 AND bool_and(
  p.permissive = 'PERMISSIVE' AND p.roles = '{public}' AND p.cmd = 'ALL' AND p.with_check IS NULL AND p.qual =
  '(tenant_id = ( SELECT (NULLIF(current_setting(''app.tenant''::text, true), ''''::text))::uuid AS "nullif"))')
"""


def without_wall(owner: Owner) -> set[str]:
    """Tables of tenants on which row-level security is not forced by exactly our policy."""
    names = [table.name for table in OF_TENANTS]
    return set(names) - {name for (name,) in owner.execute(WALLS, [names])}


def test_row_level_security_is_forced_on_every_table_of_tenants(owner: Owner) -> None:
    assert without_wall(owner) == set()


@pytest.mark.parametrize(
    "taken_away",
    [
        "ALTER TABLE notes DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE notes NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant_wall ON notes",
        "CREATE POLICY gap ON notes USING (true)",
        "ALTER POLICY tenant_wall ON notes USING (true)",
        "ALTER POLICY tenant_wall ON notes TO comewatch_report",
        "ALTER TABLE notes OWNER TO postgres",
    ],
)
def test_a_missing_wall_is_found(owner: Owner, taken_away: str) -> None:
    run(owner, taken_away)
    assert without_wall(owner) == {"notes"}


def test_the_app_is_a_role_that_no_wall_lets_through(owner: Owner) -> None:
    roles = owner.execute(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname LIKE 'comewatch%' ORDER BY 1"
    ).fetchall()
    assert roles == [
        ("comewatch_audit", False, False, False),
        ("comewatch_migrate", False, True, False),
        ("comewatch_owner", False, False, False),
        ("comewatch_report", False, False, False),
        ("comewatch_rw", False, False, False),
    ]
    memberships = owner.execute(
        "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members WHERE member::regrole::text LIKE 'comewatch%'"
    ).fetchall()
    assert memberships == [("comewatch_migrate", "comewatch_owner")]


def row_of(table: Table, tenant_id: UUID) -> dict[str, Any]:
    """A row that the table's columns would take."""
    return {column.name: value_for(column, tenant_id) for column in table.columns if not column.nullable}


def value_for(column: Column[Any], tenant_id: UUID) -> Any:
    """Some value of the column's type."""
    if column.name == "tenant_id":
        return tenant_id
    samples = {
        "Uuid": tenant_id,
        "Text": "something",
        "BigInteger": 1,
        "Integer": 1,
        "Boolean": True,
        "ARRAY": ["something"],
    }
    return samples.get(type(column.type).__name__, "2026-11-21T09:30:00Z")


CHECKS = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text = ANY (%s)"


def fill(owner: Owner) -> None:
    """One row of each tenant in every table of tenants, whatever it hangs on and means."""
    for table, check in owner.execute(CHECKS, [[table.name for table in OF_TENANTS]]).fetchall():
        run(owner, f"ALTER TABLE {table} DROP CONSTRAINT {check}")
    owner.execute("SET session_replication_role = replica")  # no foreign keys for this connection
    for tenant_id in (NORTH, SOUTH):
        for table in OF_TENANTS:
            row = row_of(table, tenant_id)
            names, places = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
            run(owner, f"INSERT INTO {table.name} ({names}) VALUES ({places})", list(row.values()))


def run(owner: Owner, statement: str, values: list[Any] | None = None) -> None:
    """A statement made here, which psycopg's types only take as bytes."""
    owner.execute(statement.encode(), values)


@pytest.mark.parametrize("as_tenant", [None, NORTH])
def test_the_app_sees_its_tenant_and_nobody_without_one(
    owner: Owner, database: Database, as_tenant: UUID | None
) -> None:
    fill(owner)
    seen = {}
    with database.begin(as_tenant) if as_tenant else database.begin_reference() as connection:
        for table in OF_TENANTS:
            rows = connection.exec_driver_sql(f"SELECT tenant_id FROM {table.name}")
            seen[table.name] = {row.tenant_id for row in rows}
    tenancy_guard.OFFENCES.clear()  # asking without a tenant is the point here
    assert seen == {table.name: {as_tenant} if as_tenant else set() for table in OF_TENANTS}


KEPT = {"UPDATE": {"audit_log"}, "DELETE": {"audit_log", "audit_head"}}
"""Tables on which the application has no such right at all."""


@pytest.mark.parametrize("statement", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}"])
def test_raw_statements_cannot_touch_another_tenants_rows(
    owner: Owner, database: Database, statement: str
) -> None:
    fill(owner)
    with database.begin(NORTH) as connection:
        for table in OF_TENANTS:
            if table.name in KEPT[statement.split()[0]]:
                continue
            touched = connection.exec_driver_sql(
                f"{statement.format(table.name)} WHERE tenant_id = '{SOUTH}'"
            )
            assert (table.name, touched.rowcount) == (table.name, 0)


@pytest.mark.parametrize("table", OF_TENANTS, ids=str)
def test_no_row_can_be_written_for_another_tenant(database: Database, table: Table) -> None:
    with (
        pytest.raises(DBAPIError, match="violates row-level security policy"),
        database.begin(NORTH) as connection,
    ):
        connection.execute(insert(table).values(row_of(table, SOUTH)))


def test_without_the_wall_raw_statements_do_see_the_other_tenant(owner: Owner, database: Database) -> None:
    fill(owner)
    owner.execute("ALTER TABLE sync_clock DISABLE ROW LEVEL SECURITY")
    with database.begin(NORTH) as connection:
        rows = connection.exec_driver_sql(
            f"SELECT tenant_id FROM sync_clock WHERE tenant_id = '{SOUTH}'"
        ).all()
    assert rows == [(SOUTH,)]


PERSON = "INSERT INTO people (tenant_id, id, display_name, created_by, created_at, updated_at) VALUES (%s, 'person-eva', 'Eva', 'system', now(), now())"
VISIT = "INSERT INTO visits (tenant_id, id, host_id, state, created_by, created_at, updated_at) VALUES ('{}', 'visit-one', 'person-eva', 'planned', 'system', now(), now())"


def test_a_key_to_another_tenants_row_is_refused(owner: Owner, database: Database) -> None:
    owner.execute(PERSON, [SOUTH])
    with pytest.raises(IntegrityError, match="visits_host_id_fkey"), database.begin(NORTH) as connection:
        connection.exec_driver_sql(VISIT.format(NORTH))
    with database.begin(SOUTH) as connection:
        connection.exec_driver_sql(VISIT.format(SOUTH))


def test_a_single_key_would_accept_another_tenants_row(owner: Owner, database: Database) -> None:
    """Row-level security does not bind the check of a key: only its tenant column does."""
    owner.execute("ALTER TABLE visits DROP CONSTRAINT visits_host_id_fkey")
    owner.execute("ALTER TABLE people ADD CONSTRAINT careless UNIQUE (id)")
    owner.execute("ALTER TABLE visits ADD CONSTRAINT careless FOREIGN KEY (host_id) REFERENCES people (id)")
    owner.execute(PERSON, [SOUTH])
    with database.begin(NORTH) as connection:
        connection.exec_driver_sql(VISIT.format(NORTH))
