"""Three walls stand between tenants, and two between their records: each is taken away, and the others still hold.

A read is stopped by the visibility, by the tenant in the statement, by row-level security; a link by the door, which looks
for what is named, and by the composite key. Only where all are gone does it get through: so each of these can fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, true

from service.database import Database
from service.records import KINDS
from sync.changes import Change
from sync.clock import system_now
from sync.server.actor import Actor, system_actor
from sync.server.audience import visible
from sync.server.kind import Kinds
from sync.server.push import Door
from sync.server.tables import document
from tests import tenancy_guard
from tests.builders import make_person, make_tenant, put, services_of
from tests.conftest import owner_url
from tests.rights.school import HANA, PETRA

SECRET = "visit-of-the-south"
STANDS_OR_NOT = [True, False]


class Walls:
    """A visit in the south, and Petra in the north who wants it; `run` is the superuser, who takes walls away."""

    def __init__(self, app: Any) -> None:
        services = services_of(app)
        self.database: Database = services.database
        self.north, self.south = make_tenant(services, "wall-north"), make_tenant(services, "wall-south")
        make_person(services, self.north, PETRA)
        make_person(services, self.south, HANA)
        put(services, self.south, "visits", SECRET, host_id=HANA)
        self.petra = Actor(self.north, PETRA, "phone", frozenset({"teacher"}))
        self.url = owner_url(services.settings.database_url)

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as owner:
            for statement in statements:
                owner.execute(statement.encode())


@pytest.fixture(scope="module")
def walls(app: Any) -> Walls:
    return Walls(app)


def security(walls: Walls, stands: bool) -> None:
    """Row-level security on all that the statement looks at."""
    for table in ("sync_document", "sync_entry", "sync_membership"):
        walls.run(f"ALTER TABLE {table} {'ENABLE' if stands else 'DISABLE'} ROW LEVEL SECURITY")


@pytest.fixture
def whole_again(walls: Walls) -> Iterator[None]:
    yield
    security(walls, True)
    tenancy_guard.OFFENCES.clear()  # to ask without a tenant is the point here


@pytest.mark.usefixtures("whole_again")
@pytest.mark.parametrize(
    ("asks_visibility", "names_tenant", "is_secured"), list(product(STANDS_OR_NOT, repeat=3))
)
def test_a_read_is_stopped_by_any_wall(
    walls: Walls, asks_visibility: bool, names_tenant: bool, is_secured: bool
) -> None:
    security(walls, is_secured)
    conditions = [
        visible(walls.petra, "visits", document.c.record_id) if asks_visibility else true(),
        document.c.tenant_id == walls.north if names_tenant else true(),
    ]
    asked = select(document.c.record_id).where(document.c.record_id == SECRET, *conditions)
    with walls.database.begin(walls.north) as connection:
        found = list(connection.execute(asked).scalars())
    gone = not (asks_visibility or names_tenant or is_secured)
    assert found == ([SECRET] if gone else [])


SINGLE = (
    "ALTER TABLE visits DROP CONSTRAINT visits_host_id_fkey",
    "ALTER TABLE people ADD CONSTRAINT single_people UNIQUE (id)",
    "ALTER TABLE visits ADD CONSTRAINT single_host FOREIGN KEY (host_id) REFERENCES people (id)",
)
COMPOSITE = (
    "ALTER TABLE visits DROP CONSTRAINT single_host",
    "ALTER TABLE people DROP CONSTRAINT single_people",
    "ALTER TABLE visits ADD CONSTRAINT visits_host_id_fkey FOREIGN KEY (tenant_id, host_id) REFERENCES people (tenant_id, id)",
)


def link(walls: Walls, record_id: str, door: Door) -> str:
    """Make a visit in the north whose host is of the south; what is said against it, or `linked`."""
    change = Change(f"op-{record_id}", "visits", record_id, {"host_id": HANA})
    with walls.database.begin(walls.north) as connection:
        (outcome,) = door.push(connection, system_actor(walls.north), [change])
    return str(outcome.problem["detail"]) if outcome.problem else "linked"


@pytest.mark.parametrize(("door_looks", "key_is_composite"), list(product(STANDS_OR_NOT, repeat=2)))
def test_a_link_is_stopped_by_any_wall(walls: Walls, door_looks: bool, key_is_composite: bool) -> None:
    careless = replace(KINDS["visits"], check=lambda actor, write, near: None)
    careless_kinds = Kinds(careless if kind.name == "visits" else kind for kind in KINDS.values())
    door = Door(KINDS if door_looks else careless_kinds, system_now)
    if not key_is_composite:
        walls.run(*SINGLE)
    try:
        said = link(walls, f"linked-{door_looks}-{key_is_composite}", door)
    finally:
        if not key_is_composite:
            walls.run("DELETE FROM visits WHERE id LIKE 'linked-%'", *COMPOSITE)
    if door_looks:
        assert "There is nothing with the id" in said
    elif key_is_composite:
        assert "The database refused this change" in said
    else:
        assert said == "linked"
