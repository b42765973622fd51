"""What a pooler between us and PostgreSQL would leak or mix up: nothing is left on a connection, by any statement of ours."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text

import service.app
import service.worker  # noqa: F401  # both import all rooms that send statements
from service.database import Database
from sync.server.statement import Statement
from sync.server.tables import clock
from tests import tenancy_guard

NORTH = UUID("11111111-1111-4111-8111-111111111111")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.mark.parametrize(("prepared_statements", "most"), [(False, 0), (True, 20)])
def test_no_statement_is_prepared_when_the_setting_says_so(
    database_url: str, prepared_statements: bool, most: int
) -> None:
    database = Database(database_url, prepared_statements=prepared_statements, pool_size=1)
    mine = select(clock).where(clock.c.tenant_id == NORTH)
    for _ in range(20):
        with database.begin(NORTH) as connection:
            connection.execute(mine)
    with database.begin(NORTH) as connection:
        named = connection.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    database.dispose()
    assert 0 <= named <= most
    assert bool(named) is prepared_statements


def test_nothing_of_a_transaction_stays_on_its_connection(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    left = text(
        "SELECT current_setting('role'), current_setting('lock_timeout'), current_setting('app.tenant', true)"
    )
    with database.begin(NORTH) as connection:
        during = connection.execute(left).one()
    with database.begin_reference() as connection:
        reference = connection.execute(left).one()
    with database.engine.connect() as connection:
        after = connection.execute(left).one()
    database.dispose()
    assert during == ("comewatch_rw", "2s", str(NORTH))
    assert reference == ("comewatch_rw", "2s", "")
    assert after == ("none", "0", "")


FORBIDDEN = re.compile(
    tenancy_guard.STATEFUL.pattern
    + r"|\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?(?:TRIGGER|FUNCTION|PROCEDURE|RULE|SEQUENCE)\b|\bnextval\s*\(",
    re.IGNORECASE,
)


def forbidden(source: str) -> list[str]:
    """Texts of a module, docstrings aside, that would leave state behind or put logic into the database."""
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in told]
    return [node.value for node in texts if isinstance(node.value, str) and FORBIDDEN.search(node.value)]


@pytest.mark.parametrize("room", ["service", "sync/server"])
def test_no_statement_of_ours_needs_a_session_a_trigger_or_a_notification(room: str) -> None:
    modules = sorted((ROOT / room).rglob("*.py"))
    assert len(modules) > 10
    assert {str(module): found for module in modules if (found := forbidden(module.read_text()))} == {}


@pytest.mark.parametrize(
    "statement",
    [
        "SET app.tenant = 'x'",
        "SELECT 1; SET search_path TO other",
        "SET SESSION statement_timeout = 0",
        "SELECT set_config('app.tenant', 'x', false)",
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT pg_try_advisory_lock(1)",
        "LISTEN changes",
        "NOTIFY changes",
        "SELECT pg_notify('changes', '')",
        "CREATE TRIGGER late AFTER INSERT ON notes",
        "CREATE OR REPLACE FUNCTION f() RETURNS void",
        "CREATE SEQUENCE ids",
        "SELECT nextval('ids')",
    ],
)
def test_a_forbidden_statement_is_found(statement: str) -> None:
    assert forbidden(f"query = {statement!r}") == [statement]


@pytest.mark.parametrize(
    "statement",
    ["SET LOCAL app.tenant = 'x'", "UPDATE notes SET text = 'LISTEN'", "ALTER TABLE t SET (a = 1)"],
)
def test_a_harmless_statement_is_not(statement: str) -> None:
    assert forbidden(f'"""NOTIFY in words"""\nquery = {statement!r}') == []


def ready_made() -> dict[str, Statement]:
    """Every statement that a module keeps ready, by its place: the guard below sees only what goes through SQLAlchemy."""
    ours = [name for name in sys.modules if name.startswith(("service.", "sync.server."))]
    return {
        f"{name}.{word}": value
        for name in ours
        for word, value in vars(sys.modules[name]).items()
        if isinstance(value, Statement)
    }


def test_ready_made_statements_name_their_tenant() -> None:
    found = ready_made()
    assert "sync.server.feed._TEXT" in found
    assert "service.accounts.admission._ADMIT" in found
    tables = tenancy_guard._tables_of_tenants()
    said = {place: re.sub(r"(?<!:):[a-z_]+", "$1", statement.text) for place, statement in found.items()}
    assert {
        place: faults for place, text in said.items() if (faults := tenancy_guard.faults(text, tables))
    } == {}


# -- the guard over every statement -----------------------------------------------------------------------------------

ENTRY = frozenset({"entry", "notes"})


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT entry.id FROM entry WHERE entry.tenant_id = %(t)s",
        "SELECT id FROM entry WHERE tenant_id = $1",
        "SELECT * FROM entry AS e JOIN notes n ON n.tenant_id = e.tenant_id AND n.id = e.id WHERE e.tenant_id = %(t)s::UUID",
        "SELECT * FROM entry AS e, notes WHERE notes.tenant_id = %(t)s AND e.tenant_id = %(t)s",
        "UPDATE entry SET notes=%(x)s WHERE entry.tenant_id = %(t)s",
        "DELETE FROM entry WHERE (entry.tenant_id, entry.id) IN ((%(t)s, %(i)s)) AND entry.tenant_id = %(t)s",
        "INSERT INTO entry (tenant_id, notes) VALUES (%(t)s, %(n)s) ON CONFLICT (tenant_id) DO UPDATE SET notes = excluded.notes",
        'INSERT INTO "entry" (tenant_id, id) SELECT p0, p1 FROM (VALUES (%(a)s, %(b)s)) AS imp_sen(p0, p1)',
        "WITH mine AS (SELECT id FROM entry WHERE tenant_id = %(t)s) SELECT * FROM mine",
        "SELECT 'FROM entry'",
        "SELECT tenant.id FROM tenant",
        "SELECT 1",
    ],
)
def test_the_guard_lets_statements_of_one_tenant_pass(statement: str) -> None:
    assert tenancy_guard.faults(statement, ENTRY) == ()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT entry.id FROM entry", "entry as entry is read without its tenant_id"),
        ("SELECT entry.tenant_id FROM entry", "entry as entry is read without its tenant_id"),
        ("UPDATE entry SET a = 1", "entry as entry is read without its tenant_id"),
        ("DELETE FROM public.entry WHERE id = %(i)s", "entry as entry is read without its tenant_id"),
        (
            "SELECT * FROM entry e JOIN notes n ON n.id = e.id WHERE e.tenant_id = %(t)s",
            "notes as n is read without its tenant_id",
        ),
        (
            "SELECT * FROM entry e, notes WHERE e.tenant_id = %(t)s",
            "notes as notes is read without its tenant_id",
        ),
        (
            "SELECT * FROM entry WHERE entry.tenant_id = %(t)s AND EXISTS (SELECT 1 FROM entry WHERE entry.id = 1)",
            "entry as entry is read without its tenant_id",
        ),
        (
            "SELECT * FROM entry e JOIN notes n ON n.tenant_id = e.tenant_id",
            "entry: no tenant_id is compared with a value",
        ),
        ("INSERT INTO entry (id) VALUES (%(i)s)", "entry is written without a tenant_id"),
        ("SET app.tenant = 'x'", "state is left on the connection"),
        ("SELECT pg_advisory_lock(1)", "state is left on the connection"),
    ],
)
def test_the_guard_finds_a_statement_without_its_tenant(statement: str, fault: str) -> None:
    assert fault in tenancy_guard.faults(statement, ENTRY)


def test_the_guard_watches_every_database(database: Database) -> None:
    assert tenancy_guard.OFFENCES == []
    with database.begin(NORTH) as connection:
        connection.execute(select(clock.c.seq))
    found = list(tenancy_guard.OFFENCES)
    tenancy_guard.OFFENCES.clear()
    assert [offence.splitlines()[0] for offence in found] == [
        "sync_clock as sync_clock is read without its tenant_id",
        "sync_clock: no tenant_id is compared with a value",
    ]
