"""A tenant with a door, for tests of the engine: people push through it, pull from it, and enter and leave scopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import Connection, text

from service.database import Database
from sync.changes import Change, Outcome, Record
from sync.clock import system_now
from sync.cursor import Cursor
from sync.server import ledger, sequence
from sync.server.actor import Actor, system_actor
from sync.server.filing import Filing
from sync.server.kind import Grant, Kinds
from sync.server.push import Door
from sync.server.stage import Stage
from tests.sync.server import both_pulls, shelves

ANN, BOB, EVE = "person-ann", "person-bob", "person-eve"
ROOM, SHELF, BOOK = "room-one", "shelf-one", "book-one"


class World:
    """One tenant of its own. `now` stands until a test moves it."""

    def __init__(self, database: Database, kinds: Kinds = shelves.KINDS) -> None:
        self.database, self.kinds, self.tenant = database, kinds, uuid4()
        self.now: datetime = system_now()
        self.door = Door(kinds, lambda: self.now)
        self._ops = count(1)

    def as_(self, person: str, device: str = "") -> Actor:
        """The person, on her phone or on another device."""
        return Actor(self.tenant, person, device or f"{person}-phone", frozenset({"teacher"}))

    @property
    def system(self) -> Actor:
        return system_actor(self.tenant)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self.database.begin(self.tenant) as connection:
            yield connection

    # writing

    def change(
        self, collection: str, record_id: str, fields: Mapping[str, Any] | None = None, **more: Any
    ) -> Change:
        """A change with an op_id of its own."""
        return Change(more.pop("op_id", f"op-{next(self._ops)}"), collection, record_id, fields or {}, **more)

    def push(self, actor: Actor, *changes: Change) -> list[Outcome]:
        """Push the changes in one transaction, and commit."""
        with self.transaction() as connection:
            return self.door.push(connection, actor, list(changes))

    def put(
        self, actor: Actor, collection: str, record_id: str, fields: Mapping[str, Any], **more: Any
    ) -> Outcome:
        """Push one change."""
        return self.push(actor, self.change(collection, record_id, fields, **more))[0]

    def delete(self, actor: Actor, collection: str, record_id: str) -> Outcome:
        """Push one delete."""
        return self.put(actor, collection, record_id, {}, deleted=True)

    def grant(self, person: str, scope: str, active: bool = True) -> None:
        """Let the person into the scope, or out of it."""
        with self.transaction() as connection:
            stage = Stage(connection, self.kinds, sequence.lock(connection, self.tenant), self.now)
            Filing(stage).grant(Grant(person, scope, active))
            ledger.store(stage)

    @contextmanager
    def books_with(self, **rules: Any) -> Iterator[None]:
        """Books with other rules, for a while."""
        kinds = self.door.kinds
        self.door.kinds = Kinds(replace(k, **rules) if k.name == "books" else k for k in kinds.values())
        try:
            yield
        finally:
            self.door.kinds = kinds

    def later(self, wait: timedelta) -> None:
        """Let time pass."""
        self.now += wait

    # reading

    def pull(self, person: str, cursor: Cursor | None = None, limit: int = 500) -> both_pulls.Page:
        """One page of everything."""
        with self.transaction() as connection:
            return both_pulls.pull(connection, self.as_(person), list(self.kinds), cursor or Cursor(), limit)

    def sees(self, person: str, collection: str) -> dict[str, Record]:
        """The records of a collection that an empty phone of this person receives, by id."""
        rows = self.pull(person).rows
        return {row.id: orjson.loads(row.body) for row in rows if row.collection == collection and row.body}

    def ask(self, statement: str, **values: Any) -> Sequence[Any]:
        """Rows of the engine's tables, of this tenant (`:tenant`)."""
        with self.transaction() as connection:
            return connection.execute(text(statement), {"tenant": self.tenant, **values}).all()

    @property
    def clock(self) -> int:
        """The last number that was given out."""
        with self.transaction() as connection:
            return sequence.read(connection, self.tenant).seq
