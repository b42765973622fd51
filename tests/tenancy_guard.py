"""Watches every statement that a `Database` sends during a test: one tenant in each, and nothing a pooler would leak.

A test in which a statement offends fails at its end, whatever the statement returned. `tests/conftest.py` names this
plugin; `faults` is the judge, and `tests/house/test_tenancy.py` shows that it can find fault.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from service.database import Database

OFFENCES: list[str] = []
WATCHED = "a transaction of Database began here"
STATEFUL = re.compile(
    r"(?:^|;)\s*(?:SET\s+(?!LOCAL\b|CONSTRAINTS\b)|LISTEN\b|NOTIFY\b|PREPARE\b|DISCARD\b|CREATE\s+TEMP)"
    r"|\bset_config\s*\(|\bpg_(?:try_)?advisory_|\bpg_notify\s*\(",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_WITH_A_VALUE = re.compile(
    r"tenant_id\"?\s*(?:=|IN)\s*(?:\(\s*)?(?:%|\$|'')|(?:%\(\w+\)s(?:::\w+)?|\$\d+)\s*=\s*\S*tenant_id"
)
_TOKEN = re.compile(r'"(?:[^"]|"")+"|\w+|\S')
_NAMES_TABLE = {"FROM", "JOIN", "UPDATE", "INTO", "USING"}
_NO_ALIAS = {
    "ON", "WHERE", "SET", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "GROUP", "ORDER", "LIMIT", "FOR",
    "UNION", "EXCEPT", "INTERSECT", "RETURNING", "VALUES", "SELECT", "DEFAULT", "USING", "HAVING", "WINDOW", "OFFSET",
    "FETCH", "TABLESAMPLE", "OVERRIDING",
}  # fmt: skip


_first = Database._first


def _begins(database: Database, connection: Connection, *said: Any) -> Any:
    connection.info[WATCHED] = True
    return _first(database, connection, *said)


Database._first = _begins  # type: ignore[method-assign]  # every transaction of a Database begins there


@event.listens_for(Engine, "before_cursor_execute")
def _watch(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
    if connection.info.get(WATCHED):
        OFFENCES.extend(f"{fault}\n    {statement}" for fault in faults(statement, _tables_of_tenants()))


@pytest.fixture(autouse=True)
def statements_of_one_tenant() -> Iterator[None]:
    """Fail the test in which a statement forgot its tenant, or left something on its connection."""
    OFFENCES.clear()
    yield
    if OFFENCES:
        pytest.fail("\n".join(OFFENCES[:5]))


@lru_cache
def _tables_of_tenants() -> frozenset[str]:
    from service.migrations.rooms import tables

    return frozenset(table.name for table in tables() if table.info["dist"] == "tenant")


@lru_cache(10_000)
def faults(statement: str, tenants: frozenset[str]) -> tuple[str, ...]:
    """What is wrong with the statement: each mention of a table of tenants wants a `tenant_id` of its own."""
    said = _LITERAL.sub("''", statement)
    found = ["state is left on the connection"] if STATEFUL.search(said) else []
    found += [f"{table} is written without a tenant_id" for table in _careless_inserts(said, tenants)]
    tied = mentions(said, tenants)
    for (name, alias), times in Counter(tied).items():
        if _bonds(said, alias) < times:
            found.append(f"{name} as {alias} is read without its tenant_id")
    if tied and not _WITH_A_VALUE.search(said):
        found.append(f"{tied[0][0]}: no tenant_id is compared with a value")
    return tuple(found)


def mentions(said: str, tenants: frozenset[str]) -> list[tuple[str, str]]:
    """(table, alias) for each place where a table of tenants is read, updated or deleted from."""
    tokens = [token.strip('"') for token in _TOKEN.findall(said)]
    found: list[tuple[str, str]] = []
    depth = 0
    listing: dict[int, bool] = {}  # depth of parentheses -> whether a comma there names a further table
    for place, token in enumerate(tokens):
        word = token.upper()
        if token in "()":
            depth += 1 if token == "(" else -1
            listing[depth] = False if token == "(" else listing.get(depth, False)
        elif word in _NAMES_TABLE or (token == "," and listing.get(depth)):
            listing[depth] = True
            if word != "INTO":
                found += _mention(tokens, place + 1, tenants)
        elif word in _NO_ALIAS:
            listing[depth] = False
    return found


def _mention(tokens: list[str], place: int, tenants: frozenset[str]) -> list[tuple[str, str]]:
    following = [*tokens[place:], "", "", "", ""]
    if following[0].upper() in {"ONLY", "LATERAL"}:
        following = following[1:]
    if following[1] == ".":
        following = following[2:]
    name, alias = following[0], following[2] if following[1].upper() == "AS" else following[1]
    if name not in tenants or following[1] == "(":
        return []
    plain = not re.match(r"\w", alias) or alias.upper() in _NO_ALIAS
    return [(name, name if plain else alias)]


def _bonds(said: str, alias: str) -> int:
    """How many predicates on the tenant of this alias the statement holds."""
    column = rf"(?<![\w.])(?:{alias}\.)?\"?tenant_id\"?"
    bond = rf"{column}\s*(?:=|IN\b)|=\s*{column}(?!\s*=)|\(\s*{column}\s*,[^()]*\)\s*(?:=|IN)"
    return len(re.findall(bond, said, re.IGNORECASE))


def _careless_inserts(said: str, tenants: frozenset[str]) -> list[str]:
    written = re.findall(r"\bINTO\s+(?:public\.)?\"?(\w+)\"?\s*\(([^)]*)\)", said, re.IGNORECASE)
    return [table for table, columns in written if table in tenants and "tenant_id" not in columns]
