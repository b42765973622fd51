"""Debriefs: host and observers talk after a visit, and write down together what they said."""

from __future__ import annotations

from observation_tools.states import DEBRIEF
from schemas.records.debriefs import DebriefSchema
from service.records.checks import checks, frozen
from service.records.rules import is_visit_host, is_visit_observer, moves
from service.records.tables import holds, kind_table, moment, names, state, whole, words
from service.records.visits import visit_people
from sync.merge import Policy
from sync.server.kind import Kind

table = kind_table(
    "debriefs",
    names("visit_id", "visits", required=True),
    words("protocol"),
    moment("scheduled_at"),
    whole("minutes"),
    words("summary"),
    state(),
    holds("debriefs_minutes", "minutes BETWEEN 0 AND 600"),
)

was_there = is_visit_host | is_visit_observer

KIND = Kind(
    name="debriefs",
    table=table,
    schema=DebriefSchema(),
    read_scope="notes:read",
    write_scope="notes:write",
    audience=visit_people,
    parents={"visit_id": "visits"},
    policies={"summary": Policy.TEXT, "state": Policy.STATE},
    machine=DEBRIEF,
    may_write=was_there,
    may_move=moves(DEBRIEF, {f"{before} > {after}": was_there for before, after in DEBRIEF.edges}),
    check=checks(frozen("visit_id")),
    read_logged=True,
)
