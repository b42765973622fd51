"""What each role of the database may do with the tables: the application writes, others read what is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from service.migrations import rooms

TABLES = rooms.tables()
Owner = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def owner(database_owner_url: str) -> Iterator[Owner]:
    """The superuser, who sees all grants."""
    with psycopg.connect(database_owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("role", "readable"), [("comewatch_report", set()), ("comewatch_audit", {"audit_log", "audit_head"})]
)
def test_other_roles_read_what_is_theirs_and_no_more(owner: Owner, role: str, readable: set[str]) -> None:
    asked = "SELECT has_table_privilege(%s, %s, 'SELECT')"
    found = {table.name for table in TABLES if owner.execute(asked, [role, table.name]).fetchone() == (True,)}
    assert found == readable


@pytest.mark.parametrize("role", ["comewatch_rw", "comewatch_audit"])
def test_who_may_add_to_the_audit_log_can_change_nothing_in_it(owner: Owner, role: str) -> None:
    held = owner.execute(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants "
        "WHERE grantee = %s AND table_name LIKE 'audit%%' ORDER BY 1, 2",
        [role],
    ).fetchall()
    head = [("audit_head", right) for right in ("INSERT", "SELECT", "UPDATE")]
    assert held == [*head, ("audit_log", "INSERT"), ("audit_log", "SELECT")]
