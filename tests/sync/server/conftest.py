"""A door of its own for the engine's tests: the small kinds of `shelves`, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, create_engine, text

from service.database import ROLE, Database
from sync.changes import Change, Outcome
from sync.server.actor import Actor, system_actor
from sync.server.push import Door
from tests.conftest import owner_url
from tests.sync.server import shelves


class World:
    """A tenant with a door: `as_` makes an actor, `push` sends one change and commits."""

    def __init__(self, url: str) -> None:
        self.database, self.door, self.tenant = Database(url), Door(shelves.KINDS), uuid4()
        self._ops = count(1)

    def as_(self, person: str, device: str = "") -> Actor:
        return Actor(self.tenant, person, device or f"{person}-phone", frozenset({"teacher"}))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self.database.begin(self.tenant) as connection:
            yield connection

    def change(self, collection: str, record_id: str, fields: Mapping[str, Any] | None = None, **more: Any) -> Change:
        return Change(more.pop("op_id", f"op-{next(self._ops)}"), collection, record_id, fields or {}, **more)

    def push(self, actor: Actor, *changes: Change) -> list[Outcome]:
        with self.transaction() as connection:
            return self.door.push(connection, actor, list(changes))

    def put(self, actor: Actor, collection: str, record_id: str, fields: Mapping[str, Any], **more: Any) -> Outcome:
        return self.push(actor, self.change(collection, record_id, fields, **more))[0]

    @property
    def system(self) -> Actor:
        return system_actor(self.tenant)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    owner = create_engine(owner_url(database_url))
    with owner.begin() as connection:
        shelves.metadata.create_all(connection)
        connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}"))
    owner.dispose()
    made = World(database_url)
    yield made
    made.database.dispose()
