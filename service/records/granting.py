"""How a person's roles and her evaluators, as her record says them now, and the dated grants of them follow each other.

`follow` makes grants of what was written on the person; `stand` writes on her what her grants say; `caught_up` does where
the clock has overtaken her record (`overtaken`). What anybody may do is asked of the grants themselves (`service.accounts.admission`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from schemas.records.role_grants import EVALUATOR
from service.records import scopes
from service.records.system import system_change
from sync.changes import Change, Record
from sync.clock import moment, stamp
from sync.server.actor import Actor
from sync.server.kind import Effect, Near, Write


def stands(grant: Record, now: datetime) -> bool:
    """Whether the grant gives anything now: from its first moment on, and not at its last."""
    begun = grant["from_at"] is None or moment(grant["from_at"]) <= now
    return begun and (grant["until_at"] is None or now < moment(grant["until_at"]))


def about(grant: Record) -> str:
    """The id of the person on whose record the grant is told: an evaluator stands on her host's."""
    return str(grant["host_id"] or grant["person_id"])


def of_person(near: Near, person_id: str) -> list[Record]:
    """All grants, past ones too, that are told on this person's record."""
    hers = [g for g in near.children("role_grants", "person_id", person_id) if g["role"] != EVALUATOR]
    return hers + near.children("role_grants", "host_id", person_id)


def told(grant: Record) -> tuple[str, str]:
    """The field of the person's record and the value in it that the grant stands for."""
    return ("evaluator_ids", grant["person_id"]) if grant["role"] == EVALUATOR else ("roles", grant["role"])


def said_now(grants: list[Record], now: datetime) -> dict[str, list[str]]:
    """The roles and evaluators that these grants give now."""
    standing = {told(grant) for grant in grants if stands(grant, now)}
    return {
        field: sorted(value for name, value in standing if name == field)
        for field in ("roles", "evaluator_ids")
    }


def stand(cause: Write, near: Near, person_id: str) -> Iterator[Effect]:
    """The change that lets the person's record say what her grants give now; none when it does."""
    person, fields = near.record("people", person_id), said_now(of_person(near, person_id), near.now)
    wrong = {
        name: value for name, value in fields.items() if set(scopes.ids(person or {}, name)) != set(value)
    }
    if person is not None and wrong:
        yield system_change(cause, near, "people", person_id, **wrong)


def follow(actor: Actor, write: Write, near: Near) -> Iterator[Effect]:
    """Grants without a date for what was written on the person, and the end of those for what was taken away."""
    grants = of_person(near, write.id)
    now = [grant for grant in grants if stands(grant, near.now)]
    given = {told(grant) for grant in now}
    wanted = {
        (name, value) for name in ("roles", "evaluator_ids") for value in scopes.ids(write.after or {}, name)
    }
    for name, value in sorted(wanted - given):
        past = sum(told(grant) == (name, value) for grant in grants)
        fields = _fields(write.id, name, value) | {"granted_by": actor.person_id}
        yield system_change(write, near, "role_grants", _grant_id(write.id, value, past), **fields)
    for grant in now:
        if told(grant) not in wanted:
            ended = {"until_at": stamp(near.now), "ended_by": actor.person_id}
            yield system_change(write, near, "role_grants", grant["id"], **ended)


def _fields(person_id: str, name: str, value: str) -> dict[str, Any]:
    if name == "roles":
        return {"person_id": person_id, "role": value}
    return {"person_id": value, "role": EVALUATOR, "host_id": person_id}


def _grant_id(person_id: str, value: str, past: int) -> str:
    return f"grant-{hashlib.sha256(f'{person_id}/{value}/{past}'.encode()).hexdigest()[:32]}"


def caught_up(person: Record, grants: list[Record], now: datetime) -> Change | None:
    """The change that time has brought about on the person's record; None when it says what stands."""
    fields = said_now(grants, now)
    if all(set(scopes.ids(person, name)) == set(value) for name, value in fields.items()):
        return None
    return Change(
        f"stands-{person['id']}-{now.isoformat()}", "people", person["id"], fields, base_fields=person
    )
