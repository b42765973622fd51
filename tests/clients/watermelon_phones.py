"""Phones on WatermelonDB, and what a test may ask of them."""

from __future__ import annotations

import json
import urllib.request
from functools import lru_cache
from itertools import count
from typing import Any

from schemas import watermelon as words
from service.records import KINDS
from tests.clients.driver import Failed, Pool
from tests.clients.school import School

TABLES = ("people", "visits", "notes", "debriefs", "conflicts", "rejected_writes")
PHONES = count(1)
Row = dict[str, Any]


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


class WatermelonPhone:
    """One phone of one person."""

    def __init__(
        self, pool: Pool, school: School, person_id: str, schema: Row | None = None, limit: int = 500
    ) -> None:
        self.pool, self.school, self.person_id = pool, school, person_id
        self.driver = pool.take()
        self.name = f"phone-{next(PHONES)}-of-{person_id}"
        self.schema = schema or schema_of(school.server, 1, *TABLES)
        token = school.token(person_id, self.name)
        self.do("open", server=school.server, token=token, schema=self.schema, limit=limit)

    @property
    def names(self) -> list[str]:
        """Its tables."""
        return [table["name"] for table in self.schema["tables"]]

    def create(self, collection: str, record_id: str, **fields: Any) -> str:
        self.create_many(collection, [{"id": record_id} | fields])
        return record_id

    def create_many(self, collection: str, rows: list[Row]) -> None:
        """New records; without an id WatermelonDB makes one."""
        self.do("create", collection=collection, rows=rows)

    def update(self, collection: str, record_id: str, **fields: Any) -> None:
        self.do("update", collection=collection, id=record_id, fields=fields)

    def remove(self, collection: str, record_id: str) -> None:
        self.do("remove", collection=collection, id=record_id)

    def sync(self) -> None:
        """Until all is sent and read."""
        self.do("sync")

    def sync_losing(self, nth: int) -> None:
        """Synchronize, and lose the answer of the nth request."""
        said = self.do("syncLosing", nth=nth)
        assert "the answer was lost" in said, said

    def fails_to_sync(self) -> bool:
        try:
            self.sync()
        except Failed:
            return True
        return False

    def go(self, *, online: bool) -> None:
        self.do("network", online=online)

    def lose(self, share: float, seed: int = 1) -> None:
        """Lose this share of the answers from now on."""
        self.do("network", lose=share, seed=seed)

    def restart(self) -> None:
        """Kill the app and start it again."""
        self.do("restart")

    def upgrade(self, schema: Row, *steps: Row) -> None:
        """Start the next version of the app; a step adds columns to a table, or (`isNew`) a table."""
        self.schema = schema
        self.do("upgrade", schema=schema, toVersion=schema["version"], steps=list(steps))

    def asked(self) -> list[str]:
        """Its requests since this was asked last."""
        return list(self.do("asked"))

    def close(self) -> None:
        self.pool.give_back(self.driver)

    def raws(self, collection: str) -> dict[str, Row]:
        """Its rows as WatermelonDB keeps them, by id."""
        return {row["id"]: row for row in self.do("dump", collection=collection)}

    def all(self, collection: str) -> dict[str, Row]:
        """Its rows without WatermelonDB's own columns."""
        return {
            record_id: {
                name: value
                for name, value in row.items()
                if name not in ("_status", "_changed", "$loki", "meta")
            }
            for record_id, row in self.raws(collection).items()
        }

    def get(self, collection: str, record_id: str) -> Row | None:
        return self.all(collection).get(record_id)

    def dirty(self) -> list[str]:
        """The ids of rows that it has still to push."""
        return [i for name in self.names for i, row in self.raws(name).items() if row["_status"] != "synced"]

    def differences(self) -> dict[str, Any]:
        """What it holds otherwise than its person would be given now; empty when it is right."""
        found: dict[str, Any] = {}
        for name in self.names:
            theirs, ours = self.all(name), self._given(name)
            if theirs != ours:
                found[name] = {
                    i: (theirs.get(i), ours.get(i))
                    for i in theirs.keys() | ours.keys()
                    if theirs.get(i) != ours.get(i)
                }
        return found

    def _given(self, name: str) -> dict[str, Row]:
        (columns,) = [
            {"id", *(column["name"] for column in table["columns"])}
            for table in self.schema["tables"]
            if table["name"] == name
        ]
        seen = self.school.seen(self.person_id, name)
        rows = {i: words.outward(KINDS[name].schema, record) for i, record in seen.items()}
        return {
            i: {column: value for column, value in row.items() if column in columns}
            for i, row in rows.items()
        }

    def do(self, command: str, **options: Any) -> Any:
        """One command of the script."""
        return self.driver.do(command, **options)
