"""Tenants with the small kinds of `shelves` on a real PostgreSQL: one database for a file, a tenant for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from service.database import ROLE, Database
from tests.conftest import owner_url
from tests.sync.server import shelves
from tests.sync.server.world import ANN, BOB, ROOM, SHELF, World


def make_shelves(url: str) -> None:
    """Make the tables of the small kinds."""
    owner = create_engine(url)
    with owner.begin() as connection:
        shelves.metadata.create_all(connection)
        connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}"))
    owner.dispose()


@pytest.fixture(scope="module")
def shelves_database(session_database_url: str) -> Iterator[Database]:
    """A database with the tables of the small kinds."""
    make_shelves(owner_url(session_database_url))
    database = Database(session_database_url)
    yield database
    database.dispose()


@pytest.fixture
def world(shelves_database: Database) -> World:
    """An empty tenant."""
    return World(shelves_database)


@pytest.fixture
def room(world: World) -> World:
    """Ann and Bob in one room with one shelf; each has a scope of her own for what is kept for her."""
    for person in (ANN, BOB):
        world.grant(person, ROOM)
        world.grant(person, person)
    world.put(world.as_(ANN), "shelves", SHELF, {"label": "first", "scopes": [ROOM]})
    return world


@pytest.fixture
def chained(room: World) -> World:
    """The room with a third floor: marks in books."""
    room.kinds = room.door.kinds = shelves.WITH_MARKS
    return room
