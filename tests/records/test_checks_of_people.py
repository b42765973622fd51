"""People, groups and memberships: what the domain refuses, takes and amends."""

from __future__ import annotations

import pytest

from schemas.problems import Problem
from tests.records.cast import (
    ADMIN,
    EVA,
    EVALUATOR,
    FAULT,
    HANA,
    NORA,
    NOT_ALLOWED,
    OTTO,
    Case,
    assert_refused,
    assert_taken,
    no,
    refusal,
    yes,
)
from tests.records.world import World, as_

REFUSED = {
    "a person adds another": no(NORA, "people", "newcomer", NOT_ALLOWED, None, display_name="N"),
    "a person makes herself admin": no(NORA, "people", "nora", NOT_ALLOWED, "roles", roles=["admin"]),
    "a person drops her evaluator": no(
        HANA, "people", "hana", NOT_ALLOWED, "evaluator_ids", evaluator_ids=[]
    ),
    "an evaluator who is not there": no(
        ADMIN, "people", "nora", FAULT, "evaluator_ids", evaluator_ids=["nobody-here"]
    ),
    "her own evaluator": no(ADMIN, "people", "nora", FAULT, "evaluator_ids", evaluator_ids=["nora"]),
    "a studio without a question": no(
        NORA,
        "groups",
        "studio-new",
        FAULT,
        "question",
        name="S",
        group_type="studio",
        lead_id="nora",
        question=" ",
    ),
    "a studio led by a principal": no(
        as_("paul"),
        "groups",
        "studio-new",
        FAULT,
        "lead_id",
        name="S",
        group_type="studio",
        lead_id="paul",
        question="Why?",
    ),
    "a group for another to lead": no(
        NORA, "groups", "team-new", NOT_ALLOWED, None, name="T", group_type="team", lead_id="hana"
    ),
    "an administrator makes a stranger lead": no(
        ADMIN, "groups", "team-new", FAULT, "lead_id", name="T", group_type="team", lead_id="hana"
    ),
    "a lead who is no member": no(HANA, "groups", "studio-one", FAULT, "lead_id", lead_id="otto"),
    "a group without its lead": no(HANA, "groups", "net-one", FAULT, "lead_id", lead_id=None),
    "a studio becomes a team": no(HANA, "groups", "studio-one", NOT_ALLOWED, "group_type", group_type="team"),
    "a membership of nothing": no(NORA, "memberships", "member-new", FAULT, "group_id", person_id="nora"),
    "a membership of two": no(
        NORA,
        "memberships",
        "member-new",
        FAULT,
        "group_id",
        person_id="nora",
        group_id="net-one",
        school_id="school-one",
    ),
    "somebody enrols another": no(
        NORA,
        "memberships",
        "member-new",
        Problem.SELF_ENROLMENT_ONLY,
        None,
        person_id="otto",
        group_id="studio-one",
    ),
    "an administrator invites into a studio": no(
        ADMIN,
        "memberships",
        "member-new",
        Problem.SELF_ENROLMENT_ONLY,
        None,
        person_id="otto",
        group_id="studio-one",
    ),
    "a member of another person": no(
        NORA, "memberships", "nora-in-studio-one", NOT_ALLOWED, "person_id", person_id="otto"
    ),
    "a member makes herself lead": no(
        NORA, "memberships", "nora-in-studio-one", NOT_ALLOWED, "role", role="lead"
    ),
    "an evaluator joins her host's studio": no(
        EVA,
        "memberships",
        "member-new",
        EVALUATOR,
        "person_id",
        person_id="eva",
        group_id="studio-one",
        state="enrolled",
    ),
    "a host joins her evaluator's studio": no(
        HANA,
        "memberships",
        "member-new",
        EVALUATOR,
        "person_id",
        person_id="hana",
        group_id="studio-two",
        state="enrolled",
    ),
}
TAKEN = {
    "a person changes her name": yes(NORA, "people", "nora", display_name="Nora N."),
    "an administrator adds a person": yes(ADMIN, "people", "newcomer", display_name="N", roles=["lead"]),
    "a teacher asks a question": yes(
        NORA, "groups", "studio-new", name="S", group_type="studio", lead_id="nora", question="Why?"
    ),
    "a lead hands on": yes(HANA, "groups", "studio-one", lead_id="nora"),
    "she enrols herself": yes(
        OTTO,
        "memberships",
        "member-new",
        person_id="otto",
        group_id="studio-one",
        state="enrolled",
        role="guest",
    ),
    "a lead invites": yes(HANA, "memberships", "member-new", person_id="otto", group_id="studio-one"),
    "an administrator fills a team": yes(
        ADMIN, "memberships", "member-new", person_id="olga", group_id="team-one", state="enrolled"
    ),
    "an administrator places in a school": yes(
        ADMIN, "memberships", "member-new", person_id="olga", school_id="school-one", state="active"
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_refused(world: World, case: Case) -> None:
    assert_refused(world, case)


@pytest.mark.parametrize("case", TAKEN.values(), ids=list(TAKEN))
def test_taken_as_it_is(world: World, case: Case) -> None:
    assert_taken(world, case)


@pytest.mark.parametrize(
    ("state", "invited", "taken"),
    [
        ("proposed", False, False),
        ("proposed", True, True),
        ("open", False, True),
        ("running", False, True),
        ("harvesting", False, False),
        ("closed", True, False),
    ],
)
def test_when_a_studio_takes_members(world: World, state: str, invited: bool, taken: bool) -> None:
    world.group("studio-one", lead_id="hana", state=state)
    if invited:
        world.member("studio-one", "otto", state="invited")
    joins = {"person_id": "otto", "group_id": "studio-one", "state": "enrolled"}
    record_id = "otto-in-studio-one"
    if taken:
        assert world.check(OTTO, "memberships", record_id, **joins)["state"] == "enrolled"
    else:
        assert refusal(world, OTTO, "memberships", record_id, joins).problem is NOT_ALLOWED


def test_an_evaluator_in_a_network_only_while_nothing_is_released_to_it(world: World) -> None:
    world.group("net-two", "hana", lead_id="hana", group_type="network")
    joins = {"person_id": "eva", "group_id": "net-two", "state": "enrolled"}
    assert world.check(EVA, "memberships", "member-new", **joins)["state"] == "enrolled"
    world.visit(released_group_ids=["net-two"])
    assert refusal(world, EVA, "memberships", "member-new", joins).problem is EVALUATOR
