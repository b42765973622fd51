"""Pauses: what somebody who evaluates a host does not read of hers. The service asks; the host alone reads it and answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from observation_tools.states import PAUSE
from schemas.records.pauses import PauseSchema
from service.records import scopes
from service.records.checks import changed, checks, frozen, made_by, server_sets
from service.records.rules import is_person, moves, nobody
from service.records.system import system_change
from service.records.tables import kind_table, moment, names, state
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Effect, Kind, Near, Noted, Write

table = kind_table(
    "pauses",
    names("person_id", "people", required=True),
    names("evaluator_id", "people", required=True),
    moment("began_at"),
    moment("ended_at"),
    state(),
)

is_she = is_person("person_id")
NOTED = {"kept": "evaluator_kept_out", "lifted": "evaluator_readmitted"}
"""How the audit log tells her answers."""


def _effects(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    return _asked_anew(write, near) if "state" in changed(write) else ()


def _asked_anew(write: Write, near: Near) -> Iterator[Effect]:
    """Her answer decides who reads her visits, and all that belongs to them."""
    pause = write.after or {}
    for visit in near.children("visits", "host_id", pause["person_id"]):
        yield system_change(write, near, "visits", visit["id"])
    if pause["state"] in NOTED:
        yield Noted(
            NOTED[pause["state"]], {"host_id": pause["person_id"], "person_id": pause["evaluator_id"]}
        )


KIND = Kind(
    name="pauses",
    table=table,
    schema=PauseSchema(),
    audience=lambda pause, near: scopes.people(pause["person_id"]),
    policies={"state": Policy.STATE},
    machine=PAUSE,
    may_write=is_she,
    may_move=moves(
        PAUSE,
        {"asked > kept": is_she, "asked > lifted": is_she, "kept > lifted": is_she, "lifted > kept": is_she},
    ),
    check=checks(
        made_by(nobody, "The service asks when somebody becomes an evaluator; answer what it asked."),
        frozen("person_id", "evaluator_id"),
        server_sets("began_at", "ended_at"),
    ),
    effects=_effects,
)
