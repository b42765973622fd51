"""Who reads what: the table of the design, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from service.records import KINDS
from sync.changes import Record
from tests.records.world import World

HANA, OLGA, NORA = "person/hana", "person/olga", "person/nora"
STUDIO = "group/studio-one"


@pytest.fixture
def world() -> World:
    """Hana opens her door; Olga and Otto observe; Nora is a colleague; Eva evaluates Hana."""
    world = World()
    world.person("hana", "eva")
    for person_id in ("olga", "otto", "nora", "eva"):
        world.person(person_id)
    world.group("studio-one", "hana", "nora", lead_id="hana")
    world.visit(observer_ids=["olga", "otto"])
    return world


def readers(world: World, collection: str, record: Record) -> set[str]:
    return set(KINDS[collection].audience(record, world))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("draft", {OLGA}),
        ("shared", {OLGA, HANA}),
        ("released", {OLGA, HANA, "person/otto", STUDIO, NORA}),
        ("retracted", {OLGA, HANA}),
        ("expired", {OLGA}),
    ],
)
def test_a_note(world: World, state: str, expected: set[str]) -> None:
    world.visit(
        observer_ids=["olga", "otto"], released_group_ids=["studio-one"], released_people_ids=["nora"]
    )
    assert readers(world, "notes", world.note(state=state)) == expected


def test_a_note_that_is_released_to_nobody_in_particular_is_the_observers(world: World) -> None:
    assert readers(world, "notes", world.note(state="released")) == {OLGA, HANA, "person/otto"}


def test_an_evaluator_reads_no_released_note_even_where_she_observed(world: World) -> None:
    world.visit(observer_ids=["olga", "eva"])
    assert readers(world, "notes", world.note(state="released")) == {OLGA, HANA}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {HANA, OLGA}),
        ({"released_group_ids": ["studio-one"]}, {HANA, OLGA, STUDIO}),
        ({"released_people_ids": ["nora"]}, {HANA, OLGA, NORA}),
        ({"observer_ids": None}, {HANA}),
    ],
)
def test_a_visit(world: World, fields: dict[str, Any], expected: set[str]) -> None:
    assert readers(world, "visits", world.visit(**fields)) == expected


@pytest.mark.parametrize(
    ("visit", "expected"),
    [
        ({"state": "captured"}, {OLGA}),
        ({"state": "shared"}, {OLGA, HANA}),
        ({"state": "closed", "observer_ids": ["olga", "otto"]}, {OLGA, HANA}),
        ({"state": "shared", "released_people_ids": ["nora"]}, {OLGA, HANA, NORA}),
        ({"state": "captured", "released_people_ids": ["nora"]}, {OLGA}),
    ],
)
def test_a_photo_of_the_visit(world: World, visit: dict[str, Any], expected: set[str]) -> None:
    world.visit(**visit)
    photo = world.put("media", "photo-one", visit_id="visit-one", created_by="olga")
    assert readers(world, "media", photo) == expected


@pytest.mark.parametrize(("state", "expected"), [("draft", {OLGA}), ("shared", {OLGA, HANA})])
def test_a_photo_of_a_note_follows_the_note(world: World, state: str, expected: set[str]) -> None:
    world.visit(state="shared")
    world.note(state=state)
    photo = world.put("media", "photo-one", visit_id="visit-one", note_id="note-one", created_by="olga")
    assert readers(world, "media", photo) == expected


@pytest.mark.parametrize("collection", ["debriefs", "next_steps"])
def test_what_belongs_to_those_who_were_there(world: World, collection: str) -> None:
    world.visit(observer_ids=["olga", "otto"], released_people_ids=["nora"])
    record = world.put(collection, "after-one", visit_id="visit-one", created_by="hana")
    assert readers(world, collection, record) == {HANA, OLGA, "person/otto"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": "draft", "to_tenant": True, "people_ids": ["nora"]}, {HANA}),
        ({"people_ids": ["nora"]}, {HANA, NORA}),
        ({"group_ids": ["studio-one"]}, {HANA, STUDIO}),
        ({"school_ids": ["school-one"]}, {HANA, "school/school-one"}),
        ({"to_tenant": True}, {HANA, "tenant"}),
        ({"state": "cancelled", "people_ids": ["nora"]}, {HANA, NORA}),
        ({"people_ids": ["nora", "eva"], "excluded_ids": ["eva"]}, {HANA, NORA}),
        ({"group_ids": ["studio-one"], "excluded_ids": ["eva"]}, {HANA, STUDIO}),
        ({"group_ids": ["studio-one"], "excluded_ids": ["nora"]}, {HANA}),
        ({"school_ids": ["school-one"], "excluded_ids": ["eva"]}, {HANA, OLGA}),
        ({"excluded_ids": ["hana"]}, {HANA}),
    ],
)
def test_an_invitation(world: World, fields: dict[str, Any], expected: set[str]) -> None:
    for person_id in ("olga", "eva"):
        world.member("of-one", person_id, school_id="school-one")
    world.member("gone", "nora", state="left", school_id="school-one")
    assert readers(world, "invitations", world.invitation(**fields)) == expected


def test_an_invitation_is_read_by_who_has_a_seat(world: World) -> None:
    world.seat("nora", "invited")
    world.seat("olga", "withdrawn")
    assert readers(world, "invitations", world.invitation(excluded_ids=["olga"])) == {HANA, NORA}


def test_a_seat_is_its_guests_and_the_hosts(world: World) -> None:
    world.invitation(to_tenant=True)
    assert readers(world, "seats", world.seat("nora", "accepted")) == {HANA, NORA}


def test_a_request_is_between_two(world: World) -> None:
    request = world.put("visit_requests", "may-i-come", requester_id="nora", host_id="hana")
    assert readers(world, "visit_requests", request) == {HANA, NORA}


@pytest.mark.parametrize("group_type", ["studio", "network"])
def test_everyone_knows_of_studios_and_networks(world: World, group_type: str) -> None:
    assert readers(world, "groups", world.group("circle-one", group_type=group_type)) == {"tenant"}


@pytest.mark.parametrize("group_type", ["team", "coaching"])
def test_a_team_is_its_members_its_leads_and_whom_it_invites(world: World, group_type: str) -> None:
    group = world.group("circle-one", "olga", group_type=group_type, lead_id="hana")
    world.member("circle-one", "nora", state="invited")
    world.member("circle-one", "otto", state="declined")
    assert readers(world, "groups", group) == {"group/circle-one", HANA, NORA}


def test_memberships(world: World) -> None:
    of_school = world.member("of-one", "olga", school_id="school-one")
    assert readers(world, "memberships", of_school) == {"tenant"}
    of_group = world.member("studio-one", "olga", state="invited")
    assert readers(world, "memberships", of_group) == {STUDIO, OLGA, HANA}


@pytest.mark.parametrize("collection", ["conflicts", "rejected_writes"])
def test_what_the_server_keeps_is_for_one_person(world: World, collection: str) -> None:
    assert readers(world, collection, world.put(collection, "kept-one", person_id="olga")) == {OLGA}


def test_who_read_is_told_to_the_host_and_the_reader(world: World) -> None:
    event = world.put("read_events", "read-one", visit_id="visit-one", reader_id="nora")
    assert readers(world, "read_events", event) == {HANA, NORA}


@pytest.mark.parametrize("collection", ["schools", "people"])
def test_everyone_knows_schools_and_colleagues(world: World, collection: str) -> None:
    assert readers(world, collection, world.blank(collection, "any-one")) == {"tenant"}
