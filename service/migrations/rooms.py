"""Every table of the product, by the room that declares it, in the order in which the first steps make them."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from sqlalchemy import MetaData, Table

from service.accounts.models import metadata as accounts
from sync.server.tables import metadata as engine

ROOMS: dict[str, MetaData] = {"engine": engine, "accounts": accounts}
METADATA = list(ROOMS.values())
JOBS = "procrastinate_"
"""The queue keeps its own tables (step 2); alembic neither compares nor drops them."""


def first_steps() -> dict[str, list[Table]]:
    """The tables that each of the first steps makes, by the step's name."""
    steps = [(room, metadata.sorted_tables) for room, metadata in ROOMS.items()]
    steps.insert(1, ("jobs", []))
    return {f"{number:04}_{room}": tables for number, (room, tables) in enumerate(steps, 1)}


def ours(name: str | None, type_: str, parents: MutableMapping[Any, Any]) -> bool:
    """Whether alembic compares the object of this name."""
    return not (type_ == "table" and (name or "").startswith(JOBS))


def tables() -> list[Table]:
    """All tables, those that others point at first."""
    return [table for metadata in METADATA for table in metadata.sorted_tables]
