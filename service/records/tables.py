"""How the tables of kinds are made: keyed by tenant first, indexed on what they name, tied to it by composite keys."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
)

metadata = MetaData()
Name = Text(collation="C")
"""Ids, states and other words of ours: compared byte by byte."""

Part = Column[Any] | CheckConstraint


def kind_table(name: str, *parts: Part) -> Table:
    """The table of a kind: its columns and checks, with the key, the server's columns, and ties to what it names."""
    table = Table(
        name,
        metadata,
        _key("tenant_id", Uuid()),
        _key("id", Name),
        *parts,
        *_server_owned(),
        info={"dist": "tenant"},
    )
    for column in list(table.columns):
        if "names" in column.info:
            _tie(table, column)
        if "names" in column.info or column.info.get("indexed"):
            Index(f"{name}_{column.name}_idx", table.c.tenant_id, column)
    return table


def names(field: str, kind: str, *, required: bool = False) -> Column[Any]:
    """The id of one record of another kind, which must be there before this one."""
    return Column(field, Name, nullable=not required, info={"names": kind})


def word(field: str, *, required: bool = False, indexed: bool = False) -> Column[Any]:
    """A word out of a closed list, or an id that no key ties (of the service itself, or of any collection)."""
    return Column(field, Name, nullable=not required, info={"indexed": indexed})


def state() -> Column[Any]:
    """Where the record stands in its kind's state machine."""
    return word("state", required=True)


def words(field: str, *, required: bool = False) -> Column[Any]:
    """What a person typed."""
    return Column(field, Text, nullable=not required)


def ids(field: str) -> Column[Any]:
    """A set of ids, or of words."""
    return Column(field, ARRAY(Name))


def whole(field: str) -> Column[Any]:
    """A whole number."""
    return Column(field, Integer)


def large(field: str) -> Column[Any]:
    """A whole number beyond two thousand million: bytes of a file."""
    return Column(field, BigInteger)


def flag(field: str) -> Column[Any]:
    """Yes or no."""
    return Column(field, Boolean)


def moment(field: str, *, required: bool = False) -> Column[Any]:
    """A moment in UTC."""
    return Column(field, DateTime(timezone=True), nullable=not required)


def holds(name: str, rule: str) -> CheckConstraint:
    """A rule that every row keeps; Python checks it first, with words for the person."""
    return CheckConstraint(rule, name=name)


def _key(field: str, type_: Any) -> Column[Any]:
    return Column(field, type_, primary_key=True, autoincrement=False)


def _server_owned() -> tuple[Column[Any], ...]:
    # no tie to people: the service itself makes records too
    return (
        word("created_by", required=True),
        moment("created_at", required=True),
        moment("updated_at", required=True),
    )


def _tie(table: Table, column: Column[Any]) -> None:
    kind = column.info["names"]
    constraint = ForeignKeyConstraint(
        ["tenant_id", column.name],
        [f"{kind}.tenant_id", f"{kind}.id"],
        name=f"{table.name}_{column.name}_fkey",
    )
    table.append_constraint(constraint)
