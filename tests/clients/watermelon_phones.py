"""Phones on WatermelonDB."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from schemas import watermelon as words
from service.records import KINDS
from tests.clients.driver import Pool
from tests.clients.phone import Phone, Row
from tests.clients.school import School

TABLES = ("people", "visits", "notes", "debriefs", "conflicts", "rejected_writes")
OWN = ("_status", "_changed", "$loki", "meta")
"""Columns that are WatermelonDB's and LokiJS's own."""


@lru_cache
def published(server: str) -> Row:
    """The schema that an app ships."""
    with urllib.request.urlopen(f"{server}/v1/sync/schema/watermelon") as answer:
        return dict(json.load(answer))


def schema_of(server: str, version: int, *names: str, without: tuple[str, ...] = ()) -> Row:
    """Some tables of it, without some columns, as a version of the app has them."""
    tables = [
        table | {"columns": [column for column in table["columns"] if column["name"] not in without]}
        for table in published(server)["tables"]
        if table["name"] in names
    ]
    return {"version": version, "tables": tables}


class WatermelonPhone(Phone):
    """One phone of one person."""

    def __init__(
        self, pool: Pool, school: School, person_id: str, schema: Row | None = None, **options: Any
    ) -> None:
        self.schema = schema or schema_of(school.server, 1, *TABLES)
        super().__init__(pool, school, person_id, schema=self.schema, **options)

    @property
    def names(self) -> list[str]:
        return [table["name"] for table in self.schema["tables"]]

    def sync_losing(self, nth: int) -> None:
        """Sync, and lose the answer of the nth request."""
        assert self.sync_until(nth), f"fewer than {nth} requests were sent"
        assert self.go_on(lost=True)

    def upgrade(self, schema: Row) -> None:
        """Start the next version of the app; its migration is what is new in the schema."""
        steps = list(_steps(self.columns, schema["tables"]))
        self.schema = schema
        self.do("upgrade", schema=schema, toVersion=schema["version"], steps=steps)

    @property
    def columns(self) -> dict[str, list[str]]:
        """Its columns, by table."""
        return {table["name"]: [one["name"] for one in table["columns"]] for table in self.schema["tables"]}

    def all(self, collection: str) -> dict[str, Row]:
        """Its rows without WatermelonDB's own columns, by id."""
        return {
            row["id"]: {name: value for name, value in row.items() if name not in OWN}
            for row in self.rows(collection)
        }

    def truth(self, collection: str) -> dict[str, Row]:
        seen, columns = self.school.seen(self.person_id, collection), {"id", *self.columns[collection]}
        rows = {i: words.outward(KINDS[collection].schema, record) for i, record in seen.items()}
        return {i: {name: row[name] for name in row.keys() & columns} for i, row in rows.items()}

    def waiting(self) -> list[str]:
        """The ids of rows that it has still to push."""
        return [row["id"] for name in self.names for row in self.rows(name) if row["_status"] != "synced"]


def _steps(before: dict[str, list[str]], tables: list[Row]) -> Iterator[Row]:
    for table in tables:
        name, known = table["name"], before.get(table["name"])
        new = [column for column in table["columns"] if column["name"] not in (known or ())]
        if new:
            yield {"table": name, "columns": new, "isNew": known is None}
