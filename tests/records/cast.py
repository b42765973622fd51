"""The people of the checks' world, and cases of what one of them tries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from schemas.problems import Problem, Refused
from schemas.records.seats import seat_id
from sync.server.actor import Actor
from tests.records.world import World, as_

HANA, OLGA, OTTO, NORA, EVA = as_("hana"), as_("olga"), as_("otto"), as_("nora"), as_("eva")
ADMIN = as_("anna", "admin")
SEAT_OF_NORA, SEAT_OF_EVA, SEAT_OF_OTTO, SEAT_OF_OLGA, SEAT_OF_HANA = (
    seat_id("open-door", name) for name in ("nora", "eva", "otto", "olga", "hana")
)
FAULT, NOT_ALLOWED, EVALUATOR = Problem.INVALID_RECORD, Problem.NOT_ALLOWED, Problem.EVALUATOR_EXCLUDED


@dataclass(frozen=True)
class Case:
    """What somebody tries; with `problem` it is refused, and `at` is the field that is told to be at fault."""

    actor: Actor
    collection: str
    record_id: str
    problem: Problem | None = None
    at: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


def no(
    actor: Actor, collection: str, record_id: str, problem: Problem, at: str | None, **fields: Any
) -> Case:
    return Case(actor, collection, record_id, problem, at, fields)


def yes(actor: Actor, collection: str, record_id: str, **fields: Any) -> Case:
    return Case(actor, collection, record_id, fields=fields)


def refusal(world: World, actor: Actor, collection: str, record_id: str, fields: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        world.check(actor, collection, record_id, **fields)
    return caught.value


def assert_refused(world: World, case: Case) -> None:
    refused = refusal(world, case.actor, case.collection, case.record_id, case.fields)
    assert refused.problem is case.problem
    assert len(refused.detail) > 20, "words for the person who must act"
    if case.at is not None:
        assert list(refused.errors) == [f"/fields/{case.at}"]


def assert_taken(world: World, case: Case) -> None:
    taken = world.check(case.actor, case.collection, case.record_id, **case.fields)
    assert {name: taken[name] for name in case.fields} == case.fields
