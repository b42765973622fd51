"""Who writes, moves and deletes what. No role widens anything: an administrator sees and writes no visit content."""

from __future__ import annotations

from typing import Any

import pytest

from service.records import KINDS
from tests.records.world import SYSTEM, World, as_

HANA, OLGA, OTTO, NORA = as_("hana"), as_("olga"), as_("otto"), as_("nora")
ADMIN = as_("anna", "admin", "principal")
CAST = {"hana": HANA, "olga": OLGA, "otto": OTTO, "nora": NORA, "admin": ADMIN}


@pytest.fixture
def world() -> World:
    """Hana's visit with Olga and Otto; Olga wrote the note and took the photo; Nora is a colleague with a seat."""
    world = World()
    for person_id in ("hana", "olga", "otto", "nora", "anna"):
        world.person(person_id)
    world.group("studio-one", "hana", lead_id="hana")
    world.group("team-one", "hana", lead_id="hana", group_type="team")
    world.member("studio-one", "nora", state="invited")
    world.member("team-one", "nora", state="invited")
    world.member("of-one", "nora", school_id="school-one", state="invited")
    world.invitation()
    world.seat("nora", "accepted")
    world.put("visit_requests", "may-i-come", requester_id="nora", host_id="hana")
    world.visit(observer_ids=["olga", "otto"], invitation_id="open-door")
    world.note()
    world.put("debriefs", "debrief-one", visit_id="visit-one", created_by="olga")
    world.put("next_steps", "step-one", visit_id="visit-one", created_by="hana")
    world.put("media", "photo-one", visit_id="visit-one", created_by="olga")
    world.put("schools", "school-one", name="First")
    world.put("conflicts", "kept-one", person_id="olga")
    world.put("rejected_writes", "kept-two", person_id="olga")
    world.put("read_events", "read-one", visit_id="visit-one", reader_id="nora", how="opened")
    return world


@pytest.mark.parametrize(
    ("collection", "record_id", "writers"),
    [
        ("schools", "school-one", "admin"),
        ("people", "olga", "olga admin"),
        ("groups", "studio-one", "hana admin"),
        ("memberships", "nora-in-studio-one", "hana nora admin"),
        ("memberships", "nora-in-of-one", "admin"),
        ("invitations", "open-door", "hana"),
        ("seats", "seat of nora", "hana nora"),
        ("visit_requests", "may-i-come", "hana nora"),
        ("visits", "visit-one", "hana olga otto nora"),
        ("notes", "note-one", "hana olga"),
        ("debriefs", "debrief-one", "hana olga otto"),
        ("next_steps", "step-one", "hana"),
        ("media", "photo-one", "hana olga"),
        ("conflicts", "kept-one", ""),
        ("rejected_writes", "kept-two", ""),
        ("read_events", "read-one", "nora"),
    ],
)
def test_who_may_write(world: World, collection: str, record_id: str, writers: str) -> None:
    if record_id == "seat of nora":
        record_id = world.children("seats", "person_id", "nora")[0]["id"]
    record, kind = world.records[collection, record_id], KINDS[collection]
    assert {name for name, actor in CAST.items() if kind.may_write(actor, record, world)} == set(
        writers.split()
    )
    assert kind.may_write(SYSTEM, record, world)


HOST, OBSERVERS, THERE = "hana", "olga otto", "hana olga otto"
MOVES = {
    "groups studio-one": dict.fromkeys(
        ["proposed > open", "open > running", "running > harvesting", "harvesting > closed"], "hana admin"
    ),
    "memberships nora-in-studio-one": {
        "invited > enrolled": "nora",
        "invited > declined": "nora",
        "enrolled > active": "nora hana",
        "active > completed": "nora hana",
        "active > left": "nora",
    },
    "memberships nora-in-team-one": {
        "invited > enrolled": "nora hana admin",
        "invited > declined": "nora hana admin",
        "enrolled > active": "nora hana admin",
        "active > completed": "nora hana admin",
        "active > left": "nora hana admin",
    },
    "memberships nora-in-of-one": dict.fromkeys(
        [
            "invited > enrolled",
            "invited > declined",
            "enrolled > active",
            "active > completed",
            "active > left",
        ],
        "admin",
    ),
    "invitations open-door": {
        "draft > open": HOST,
        "open > full": HOST,
        "full > open": "",
        "full > closed": HOST,
        "open > cancelled": HOST,
        "full > cancelled": HOST,
        "open > expired": "",
    },
    "seats": {
        "invited > accepted": "nora",
        "invited > tentative": "nora",
        "invited > declined": "nora",
        "tentative > accepted": "nora",
        "tentative > declined": "nora",
        "declined > accepted": "nora",
        "waitlisted > accepted": "",
        "waitlisted > withdrawn": "nora",
        "accepted > withdrawn": "nora",
        "accepted > attended": HOST,
        "accepted > missed": HOST,
        "withdrawn > accepted": "nora",
        "withdrawn > waitlisted": "nora",
    },
    "visit_requests may-i-come": {
        "sent > accepted": HOST,
        "sent > declined": HOST,
        "sent > withdrawn": "nora",
        "sent > expired": "",
    },
    "visits visit-one": {
        "planned > under_way": THERE,
        "under_way > captured": THERE,
        "captured > shared": OBSERVERS,
        "captured > lapsed": "",
        "shared > debriefed": THERE,
        "debriefed > closed": THERE,
        "planned > cancelled": THERE,
    },
    "notes note-one": {
        "draft > shared": "olga",
        "shared > released": HOST,
        "released > retracted": HOST,
        "retracted > released": HOST,
        "draft > expired": "",
    },
    "debriefs debrief-one": dict.fromkeys(
        ["proposed > scheduled", "scheduled > held", "held > closed"], THERE
    ),
    "next_steps step-one": dict.fromkeys(
        ["chosen > tried", "tried > kept", "tried > changed", "tried > let_go"], HOST
    ),
    "media photo-one": {"declared > abandoned": "olga", "ready > incident_hold": "hana olga"},
}


def edges() -> list[Any]:
    """Each edge of each machine with who may walk it; an edge that no row above names is the service's alone."""
    cases = []
    for name, table in MOVES.items():
        machine = KINDS[name.split()[0]].machine
        assert machine is not None
        assert set(table) <= {f"{before} > {after}" for before, after in machine.edges}
        for before, after in machine.edges:
            who = table.get(f"{before} > {after}", "")
            cases.append(pytest.param(name, (before, after), who, id=f"{name}: {before} > {after}"))
    return cases


@pytest.mark.parametrize(("name", "edge", "movers"), edges())
def test_who_may_move(world: World, name: str, edge: tuple[str, str], movers: str) -> None:
    collection, *ids = name.split()
    record = world.records[collection, ids[0]] if ids else world.children("seats", "person_id", "nora")[0]
    may_move = KINDS[collection].may_move
    may = {who for who, actor in CAST.items() if may_move(actor, record, edge, world)}
    assert may == set(movers.split())
    assert may_move(SYSTEM, record, edge, world)


def test_a_move_that_the_machine_does_not_have_cannot_be_declared() -> None:
    from observation_tools.states import NOTE
    from service.records.rules import is_author, moves

    with pytest.raises(ValueError, match="note has no move 'shared > draft'"):
        moves(NOTE, {"shared > draft": is_author})


@pytest.mark.parametrize(
    ("collection", "record_id", "fields", "deleters"),
    [
        ("notes", "note-one", {}, "olga"),
        ("notes", "note-one", {"state": "shared"}, ""),
        ("invitations", "open-door", {"state": "draft"}, "hana"),
        ("invitations", "open-door", {}, ""),
        ("media", "photo-one", {}, "hana olga"),
        ("media", "photo-one", {"state": "ready"}, "hana olga"),
        ("rejected_writes", "kept-two", {}, "olga"),
        ("conflicts", "kept-one", {}, ""),
        ("visits", "visit-one", {}, ""),
        ("people", "olga", {}, ""),
        ("read_events", "read-one", {}, ""),
        ("groups", "studio-one", {}, ""),
        ("debriefs", "debrief-one", {}, ""),
        ("next_steps", "step-one", {}, ""),
    ],
)
def test_who_may_delete(
    world: World, collection: str, record_id: str, fields: dict[str, Any], deleters: str
) -> None:
    record = world.records[collection, record_id] | fields
    may_delete = KINDS[collection].may_delete
    assert {who for who, actor in CAST.items() if may_delete(actor, record, world)} == set(deleters.split())


def test_a_lead_hands_the_group_on(world: World) -> None:
    handed = world.records["groups", "studio-one"] | {"lead_id": "nora"}
    assert KINDS["groups"].may_write(HANA, handed, world)
    assert not KINDS["groups"].may_write(NORA, handed, world)


def test_only_the_server_writes_what_it_keeps() -> None:
    assert {kind.name for kind in KINDS.values() if kind.server_only} == {"conflicts", "rejected_writes"}


def test_readings_of_what_a_visit_holds_are_logged() -> None:
    logged = {kind.name for kind in KINDS.values() if kind.read_logged}
    assert logged == {"visits", "notes", "debriefs", "media"}
