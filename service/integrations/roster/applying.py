"""A plan, done: batch by batch through the one door, each with what the roster said in the same transaction.

Whatever stops it in the middle, the next run plans anew and does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from service.database import Database
from service.integrations.calendar import links
from service.integrations.roster import plan as planning
from service.integrations.roster.plan import ENDED, Plan, Step
from service.integrations.roster.tables import source
from sync.changes import Change, Outcome, Status
from sync.server.actor import system_actor
from sync.server.push import Door

AT_ONCE = 200
"""Steps in one transaction: the tenant's clock is held meanwhile, and phones wait for it."""
Told = Callable[[int, int], None]


class Doorkeeper(planning.Directory, Protocol):
    """Who lets people in and out, as the accounts do."""

    def let_in(
        self, connection: Connection, tenant_id: UUID, people: Sequence[tuple[str, str, str]], now: datetime
    ) -> None:
        """For each (person, address, former address): the first opens from now on, the second no longer."""

    def shut_out(
        self, connection: Connection, tenant_id: UUID, person_ids: Collection[str], now: datetime
    ) -> None:
        """Nothing opens for these people any more, on no device."""


@dataclass(slots=True)
class Applied:
    """What became of a plan; `refused` says in words what the door did not take."""

    done: int = 0
    refused: list[str] = field(default_factory=list)


def apply(
    database: Database,
    door: Door,
    doorkeeper: Doorkeeper,
    tenant_id: UUID,
    plan: Plan,
    told: Told = lambda done, all_: None,
) -> Applied:
    """Take every step of the plan; `told` hears after each batch how many are done, of how many."""
    applied = Applied()
    for start in range(0, len(plan.steps), AT_ONCE):
        steps = plan.steps[start : start + AT_ONCE]
        with database.begin(tenant_id) as connection:
            taken = _push(connection, door, tenant_id, steps, applied)
            _keep(connection, tenant_id, taken, door.now())
            _doors(connection, doorkeeper, tenant_id, taken, door.now())
        applied.done += len(taken)
        told(min(start + AT_ONCE, len(plan.steps)), len(plan.steps))
    return applied


def _push(
    connection: Connection, door: Door, tenant_id: UUID, steps: Sequence[Step], applied: Applied
) -> list[Step]:
    """Push what the steps change; those that were taken."""
    changing = [step for step in steps if step.fields]
    changes = [
        Change(f"roster-{uuid4().hex}", step.collection, step.record_id, step.fields, base_fields=step.base)
        for step in changing
    ]
    outcomes = door.push(connection, system_actor(tenant_id), changes) if changes else []
    refused: set[int] = set()
    for step, outcome in zip(changing, outcomes, strict=True):
        if outcome.status in (Status.REJECTED, Status.HELD):
            applied.refused.append(f"{step.collection}, {step.name}: {_why(outcome)}")
            refused.add(id(step))
    return [step for step in steps if id(step) not in refused]


def _why(outcome: Outcome) -> str:
    problem = outcome.problem or {}
    return str(problem.get("detail") or problem.get("title") or "what it belongs to is not there")


def _keep(connection: Connection, tenant_id: UUID, steps: Sequence[Step], now: datetime) -> None:
    if not steps:
        return
    rows = [
        {
            "tenant_id": tenant_id,
            "collection": step.collection,
            "sourced_id": step.sourced_id,
            "record_id": step.record_id,
            "said": orjson.dumps(step.said).decode(),
            "active": step.act != ENDED,
            "at": now,
        }
        for step in steps
    ]
    said = insert(source).values(rows)
    changed = {name: said.excluded[name] for name in ("record_id", "said", "active", "at")}
    connection.execute(
        said.on_conflict_do_update(index_elements=["tenant_id", "collection", "sourced_id"], set_=changed)
    )


def _doors(
    connection: Connection, doorkeeper: Doorkeeper, tenant_id: UUID, steps: Sequence[Step], now: datetime
) -> None:
    people = [step for step in steps if step.collection == "people"]
    gone = [step.record_id for step in people if step.act == ENDED]
    there = [(step.record_id, step.address, step.former_address) for step in people if step.act != ENDED]
    if gone:
        doorkeeper.shut_out(connection, tenant_id, gone, now)
        links.revoke(connection, tenant_id, gone)
    if there:
        doorkeeper.let_in(connection, tenant_id, there, now)
