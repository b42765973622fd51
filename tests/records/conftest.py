"""The world that checks and effects are tried in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.records.at_the_door import District
from tests.records.world import World


@pytest.fixture
def world() -> World:
    """Eva evaluates Hana. Olga has a seat of Hana's open door and observes visit-one; Otto and Nora are colleagues."""
    world = World()
    world.person("hana", "eva")
    for person_id in ("olga", "otto", "nora", "eva"):
        world.person(person_id)
    world.person("paul", roles=["principal"])
    world.group("studio-one", "hana", "nora", lead_id="hana")
    world.group("studio-two", "eva", lead_id="eva")
    world.group("team-one", "otto", lead_id="otto", group_type="team")
    world.group("net-one", "hana", "eva", lead_id="hana", group_type="network")
    world.put("schools", "school-one", name="First")
    world.invitation(seats=2, starts_at="2026-11-21T09:00:00.000Z")
    world.seat("olga", "accepted")
    world.visit(invitation_id="open-door")
    world.visit("visit-two")
    world.note()
    world.note("note-shared", state="shared")
    return world


@pytest.fixture
def district(database_url: str) -> Iterator[District]:
    """People of one tenant at the real door."""
    district = District(database_url)
    yield district
    district.database.dispose()
