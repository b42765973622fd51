"""Next steps: the host chooses what she tries, and says how it went; who was there may read it."""

from __future__ import annotations

from observation_tools.states import NEXT_STEP
from schemas.records.next_steps import NextStepSchema
from service.records.checks import checks, frozen, refused
from service.records.rules import is_visit_host, moves
from service.records.tables import kind_table, moment, names, state, words
from service.records.visits import visit_people
from sync.changes import Record
from sync.merge import Policy
from sync.server.actor import Actor
from sync.server.kind import Kind, Near, Write

table = kind_table(
    "next_steps",
    names("visit_id", "visits", required=True),
    names("debrief_id", "debriefs"),
    words("text"),
    moment("tried_at"),
    state(),
)


def _of_one_visit(actor: Actor, write: Write, near: Near) -> Record | None:
    step = write.after or {}
    debrief = near.record("debriefs", step.get("debrief_id"))
    if step.get("debrief_id") and (debrief is None or debrief["visit_id"] != step["visit_id"]):
        raise refused("debrief_id", "This debrief is not of the same visit: choose one that is.")
    return None


KIND = Kind(
    name="next_steps",
    table=table,
    schema=NextStepSchema(),
    read_scope="notes:read",
    write_scope="notes:write",
    audience=visit_people,
    parents={"visit_id": "visits", "debrief_id": "debriefs"},
    policies={"text": Policy.TEXT, "state": Policy.STATE},
    machine=NEXT_STEP,
    may_write=is_visit_host,
    may_move=moves(NEXT_STEP, {f"{before} > {after}": is_visit_host for before, after in NEXT_STEP.edges}),
    check=checks(frozen("visit_id"), _of_one_visit),
)
