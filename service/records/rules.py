"""Who may do what, in a vocabulary that reads like the table in `docs`: `is_host | is_among("observer_ids")`.

A rule is asked about one record (as it was, then as it would become); the service itself is bound by none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from observation_tools.states import StateMachine
from service.records.scopes import ids
from sync.changes import Record
from sync.server.actor import Actor
from sync.server.kind import Near

Test = Callable[[Actor, Record, Near], bool]
MayMove = Callable[[Actor, Record, tuple[str, str], Near], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A yes or no about an actor and a record; rules join with `|` and `&`."""

    test: Test

    def __call__(self, actor: Actor, record: Record, near: Near) -> bool:
        return actor.is_system or self.test(actor, record, near)

    def __or__(self, other: Rule) -> Rule:
        return Rule(lambda actor, record, near: self(actor, record, near) or other(actor, record, near))

    def __and__(self, other: Rule) -> Rule:
        return Rule(lambda actor, record, near: self(actor, record, near) and other(actor, record, near))


nobody = Rule(lambda actor, record, near: False)
"""The service alone."""
is_admin = Rule(lambda actor, record, near: "admin" in actor.roles)
"""An administrator of the tenant: of people, schools and groups; never of what a visit holds."""


def is_person(field: str) -> Rule:
    """The person that the field names."""
    return Rule(lambda actor, record, near: record.get(field) == actor.person_id)


def is_among(field: str) -> Rule:
    """One of the people that the field names."""
    return Rule(lambda actor, record, near: actor.person_id in ids(record, field))


is_author = is_person("created_by")
is_host = is_person("host_id")


def in_state(*states: str) -> Rule:
    """The record stands in one of these states."""
    return Rule(lambda actor, record, near: record.get("state") in states)


def of(field: str, kind: str, rule: Rule) -> Rule:
    """The rule, asked about the record of another kind that the field names."""

    def test(actor: Actor, record: Record, near: Near) -> bool:
        named = near.record(kind, record.get(field))
        return named is not None and rule(actor, named, near)

    return Rule(test)


is_visit_host = of("visit_id", "visits", is_host)
is_visit_observer = of("visit_id", "visits", is_among("observer_ids"))


def moves(machine: StateMachine, who: Mapping[str, Rule]) -> MayMove:
    """Who may make which move: `{"draft > shared": is_author}`. Moves that are not named are the service's alone."""
    table = {_edge(machine, move): rule for move, rule in who.items()}

    def may_move(actor: Actor, record: Record, edge: tuple[str, str], near: Near) -> bool:
        return table.get(edge, nobody)(actor, record, near)

    return may_move


def _edge(machine: StateMachine, move: str) -> tuple[str, str]:
    before, _, after = move.partition(" > ")
    if (before, after) not in machine.moves:
        raise ValueError(f"{machine.name} has no move {move!r}")
    return before, after
