"""The worker's part of a roster that was sent over the network: planning it, and doing what was planned.

Each may be run twice, or stopped anywhere and run again: the plan is made anew, and says what is left to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row

from schemas.problems import Problem, Refused
from service import jobs
from service.audit import note
from service.database import Database
from service.integrations.roster import applying, previews, sieve
from service.integrations.roster import plan as planning
from service.integrations.roster.applying import Applied, Doorkeeper
from service.integrations.roster.findings import Findings
from service.integrations.roster.plan import Plan
from service.media.store import AbsentError, Store
from sync.clock import Now
from sync.server.actor import Actor
from sync.server.push import Door

MOST_REFUSED = 100
_PLANNING_LASTS = "SET LOCAL statement_timeout = '60s'"


@dataclass(frozen=True, slots=True)
class Runner:
    """What the tasks stand on."""

    database: Database
    door: Door
    doorkeeper: Doorkeeper
    store: Store
    now: Now

    def plan(self, tenant_id: str, preview_id: str) -> None:
        """Hold a roster against what is here; nothing when nobody asks for it any more."""
        row = self._row(tenant_id, preview_id, previews.PLANNING)
        planned = row and self._planned(row)
        if row is not None and planned is not None:
            self._tell(row, *planned)

    def apply(self, tenant_id: str, preview_id: str) -> None:
        """Do what is left of it; where so many would go by now that it may be a mistake, a person looks at it first."""
        row = self._row(tenant_id, preview_id, previews.APPLYING)
        planned = row and self._planned(row)
        if row is None or planned is None:
            return
        plan, findings = planned
        if not findings.is_sound or (plan.ends_many and not row.many_may_go):
            self._tell(row, plan, findings)
            return
        self._note_progress(row, row.done, row.done + len(plan.steps))
        applied = self._apply(row, plan)
        self._end(row, applied)

    def forget_rosters(self, tenant_id: UUID) -> bool:
        """Forget previews of more than a day ago, and their files."""
        with self.database.begin(tenant_id) as connection:
            gone = previews.forget_old(connection, tenant_id, self.now())
        for preview_id in gone:
            self.store.erase_below(previews.key(tenant_id, preview_id))
        return False

    def _row(self, tenant_id: str, preview_id: str, state: str) -> Row[Any] | None:
        with self.database.begin(UUID(tenant_id)) as connection:
            try:
                row = previews.find(connection, UUID(tenant_id), UUID(preview_id))
            except Refused as refused:
                if refused.problem is Problem.NOT_FOUND:
                    return None
                raise
        return row if row.state == state else None

    def _planned(self, row: Row[Any]) -> tuple[Plan, Findings] | None:
        """The plan as things stand now; None, and no preview any more, where the file is gone."""
        try:
            kept = b"".join(self.store.read(previews.key(row.tenant_id, row.id)))
        except AbsentError:
            with self.database.begin(row.tenant_id) as connection:
                previews.give_up(connection, row.tenant_id, row.id)
            return None
        roster, findings = sieve.opened(kept)
        with self.database.begin(row.tenant_id) as connection:
            connection.exec_driver_sql(_PLANNING_LASTS)
            return planning.make(connection, row.tenant_id, roster, self.doorkeeper, findings), findings

    def _tell(self, row: Row[Any], plan: Plan, findings: Findings) -> None:
        state = previews.READY if findings.is_sound else previews.FAULTY
        values = {"state": state, "steps": len(plan.steps), "told": previews.told(plan, findings)}
        with self.database.begin(row.tenant_id) as connection:
            previews.change(connection, row.tenant_id, row.id, **values)
        if state == previews.FAULTY:
            self.store.erase_below(previews.key(row.tenant_id, row.id))

    def _apply(self, row: Row[Any], plan: Plan) -> Applied:
        def told(done: int, steps: int) -> None:
            self._note_progress(row, row.done + done, row.done + steps)
            jobs.demand_running()

        return applying.apply(self.database, self.door, self.doorkeeper, row.tenant_id, plan, told)

    def _note_progress(self, row: Row[Any], done: int, steps: int) -> None:
        with self.database.begin(row.tenant_id) as connection:
            previews.change(connection, row.tenant_id, row.id, done=done, steps=steps)

    def _end(self, row: Row[Any], applied: Applied) -> None:
        who = Actor(row.tenant_id, row.person_id, "server")
        about: dict[str, str | int] = {"import_id": str(row.id), "count": row.done + applied.done}
        refused = orjson.dumps(applied.refused[:MOST_REFUSED]).decode()
        with self.database.begin(row.tenant_id) as connection:
            previews.change(connection, row.tenant_id, row.id, state=previews.APPLIED, refused=refused)
            note(connection, row.tenant_id, who, "roster_applied", about, self.now())
        self.store.erase_below(previews.key(row.tenant_id, row.id))
