"""What was answered to each op: a phone that lost an answer asks again, and hears the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from schemas.problems import Problem
from sync.changes import Change, Outcome, Status
from sync.server.actor import Actor
from sync.server.statement import Question, Statement, as_list, ask

_STORED = Statement("""
SELECT r.op_id, r.person_id, r.payload, r.outcome
  FROM json_array_elements_text(:ops) AS asked(op_id)
 CROSS JOIN LATERAL (SELECT op_id, person_id, payload, outcome FROM sync_receipt
     WHERE tenant_id = :tenant AND op_id = asked.op_id OFFSET 0) r
""")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The first answer to an op, and whose and what it was."""

    person_id: str
    payload: str
    outcome: Outcome


class Receipts:
    """The receipts of one push: those already there, and those it makes."""

    def __init__(self, rows: Iterable[Any]) -> None:
        """`rows` answer `question`."""
        self._known = {row.op_id: _receipt(row) for row in rows}
        self._new: dict[str, Receipt] = {}

    def heard(self, actor: Actor, change: Change) -> Outcome | None:
        """The answer to an op of this person's heard before; None for a new one."""
        known = self._known.get(change.op_id)
        if known is None:
            return None
        if (known.person_id, known.payload) != (actor.person_id, change.payload):
            problem = Problem.OP_ID_REUSED.document(f"op_id {change.op_id} named another change before.")
            return Outcome(change.op_id, change.collection, change.id, Status.REJECTED, problem=problem)
        return replace(known.outcome, status=Status.REPEATED, first=known.outcome.status)

    def give(self, person_id: str, change: Change, outcome: Outcome) -> None:
        """Remember an answer; the record itself is left out, it is read anew when the op is repeated."""
        bare = outcome if outcome.record is None else replace(outcome, record=None)
        self._known[change.op_id] = self._new[change.op_id] = Receipt(person_id, change.payload, bare)

    def rows(self, now: datetime) -> list[dict[str, Any]]:
        """The new receipts, for the ledger."""
        return [
            {
                "op_id": op_id,
                "person_id": r.person_id,
                "payload": r.payload,
                "outcome": _text(r.outcome),
                "at": now,
            }
            for op_id, r in self._new.items()
        ]


def question(tenant_id: UUID, op_ids: Iterable[str]) -> Question:
    """Which of these ops were heard before, and what was answered."""
    return _STORED, {"tenant": tenant_id, "ops": as_list(set(op_ids))}


def stored(connection: Connection, actor: Actor, op_ids: Iterable[str]) -> dict[str, Receipt]:
    """The receipts of those ops that were heard before, by op_id."""
    (rows,) = ask(connection, question(actor.tenant_id, op_ids))
    return {row.op_id: _receipt(row) for row in rows}


def _receipt(row: Any) -> Receipt:
    return Receipt(row.person_id, row.payload, _outcome(orjson.loads(row.outcome)))


def _text(outcome: Outcome) -> str:
    return orjson.dumps(outcome.document()).decode()


def _outcome(said: dict[str, Any]) -> Outcome:
    return Outcome(
        said["op_id"],
        said["collection"],
        said["id"],
        Status(said["status"]),
        said.get("seq"),
        said.get("deleted", False),
        problem=said.get("problem"),
    )
