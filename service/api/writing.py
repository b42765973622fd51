"""How REST writes: changes through the one door, all of them or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from schemas.problems import Problem, Refused
from schemas.sync import MOST_CHANGES
from service.api.transaction import Work
from sync.changes import Change, Outcome, Status

_FAULTS_OF_A_BODY = {Problem.INVALID_RECORD, Problem.INVALID_CHANGE}
_BY_TYPE = {f"/problems/{problem.slug}": problem for problem in Problem}


def write(work: Work, changes: Iterable[Change]) -> list[Outcome]:
    """What became of the changes; the first that was not taken whole is Refused, and rolls back all."""
    outcomes = send(work, changes)
    for outcome in outcomes:
        demand_taken(outcome)
    return outcomes


def send(work: Work, changes: Iterable[Change]) -> list[Outcome]:
    """What became of the changes, each under an op_id of its own or else a new one: the caller judges them."""
    named = [change if change.op_id else replace(change, op_id=f"rest-{uuid4().hex}") for change in changes]
    outcomes: list[Outcome] = []
    for start in range(0, len(named), MOST_CHANGES):
        part = named[start : start + MOST_CHANGES]
        outcomes += work.services.door.push(work.connection, work.actor, part)
    return outcomes


def demand_taken(outcome: Outcome) -> None:
    """Raise Refused unless the whole change was taken."""
    refused = not_taken(outcome)
    if refused is not None:
        raise refused


def not_taken(outcome: Outcome) -> Refused | None:
    """Why the change was not taken whole; None when it was."""
    if outcome.problem is not None:
        return refusal(outcome.problem)
    return Refused(Problem.PARENT_UNKNOWN) if Status.HELD in (outcome.status, outcome.first) else None


def refusal(document: Mapping[str, Any]) -> Refused:
    """The problem of an outcome as a refusal of the request."""
    problem = _BY_TYPE[document["type"]]
    if problem is Problem.NOT_FOUND:
        return Refused(problem)  # byte for byte as if it had never been looked up
    if problem in _FAULTS_OF_A_BODY:
        return Refused(Problem.INVALID_REQUEST, errors=_in_body(document.get("errors", {})))
    known = {"type", "title", "status", "detail", "errors"}
    extra = {name: value for name, value in document.items() if name not in known}
    return Refused(problem, document.get("detail", ""), _in_body(document.get("errors", {})), extra)


def _in_body(errors: Mapping[str, Any]) -> dict[str, Any]:
    """The pointers into a change as pointers into the body of a REST request, which is the fields themselves."""
    return {pointer.removeprefix("/fields"): said for pointer, said in errors.items()}
