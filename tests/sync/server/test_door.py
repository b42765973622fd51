"""The door, change by change, on a real PostgreSQL."""

from __future__ import annotations

from sync.changes import Status
from sync.cursor import Cursor
from sync.server import feed
from sync.server.kind import Grant
from sync.server.filing import Filing
from sync.server import ledger, sequence
from sync.server.stage import Stage
from sync.clock import system_now
from tests.sync.server.conftest import World

ANN, BOB = "person-ann", "person-bob"


def grant(world: World, person: str, scope: str, active: bool = True) -> None:
    with world.transaction() as connection:
        stage = Stage(connection, world.door.kinds, sequence.lock(connection, world.tenant), system_now())
        Filing(stage).grant(Grant(person, scope, active))
        ledger.store(stage)


def pulled(world: World, person: str, cursor: Cursor = Cursor()) -> tuple[dict[str, str | None], Cursor]:
    with world.transaction() as connection:
        page = feed.pull(connection, world.as_(person), list(world.door.kinds), cursor, 500)
    return {row.id: row.body if row.visible else None for row in page.rows}, page.cursor


def test_a_record_reaches_those_in_its_scopes(world: World) -> None:
    grant(world, ANN, "room-one")
    grant(world, BOB, "room-two")
    outcome = world.put(world.as_(ANN), "shelves", "shelf-one", {"label": "one", "scopes": ["room-one"]})
    assert outcome.status is Status.APPLIED
    seen, cursor = pulled(world, ANN)
    assert list(seen) == ["shelf-one"]
    assert pulled(world, BOB)[0] == {}
    assert pulled(world, ANN, cursor)[0] == {}


def test_the_same_op_is_heard_once(world: World) -> None:
    grant(world, ANN, "room-one")
    change = world.change("shelves", "shelf-one", {"label": "one", "scopes": ["room-one"]})
    first, again = world.push(world.as_(ANN), change), world.push(world.as_(ANN), change)
    assert (first[0].status, again[0].status, again[0].first) == (Status.APPLIED, Status.REPEATED, Status.APPLIED)
    assert first[0].seq == again[0].seq
