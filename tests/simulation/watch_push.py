"""What an answer to a push says of each change must be true, and must never tell of what its writer may not see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation.oracle import Key, Record
from tests.simulation.truth import as_wire
from tests.simulation.violation import demand

if TYPE_CHECKING:
    from tests.simulation.server import Server

NOT_TRUE = "an answer was not true"


class WatchPush:
    """Looks at the outcomes of pushes."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def answer(
        self, person: str, device: str, changes: list[Any], outcomes: list[Any], before: dict[Key, Record]
    ) -> None:
        """Demand that each outcome is right."""
        same = [one["op_id"] for one in changes] == [one["op_id"] for one in outcomes]
        demand(same, "a change has no answer", f"{changes} got {outcomes}")
        for change, outcome in zip(changes, outcomes, strict=True):
            self._server.sent[person].add((change["collection"], change["id"]))
            self._is_hers(person, outcome, before)
            self._is_once(device, change, outcome)
            self._is_true(person, change, outcome)
            self._count(outcome)

    def _is_hers(self, person: str, outcome: Any, before: dict[Key, Record]) -> None:
        key = (outcome["collection"], outcome["id"])
        hers = key in self._server.truth.oracle.visible[person] or key in before
        told = outcome.get("record") is not None and not hers
        demand(not told, "shown to somebody who may not see it", f"a push told {person} of {key}")

    def _is_once(self, device: str, change: Any, outcome: Any) -> None:
        said, op_id, heard = as_wire(change), change["op_id"], self._server.heard
        if (device, op_id) in heard.answered and self._server.said.get(op_id) == said:
            again = outcome["status"] == "repeated"
            demand(again, "a change was applied twice", f"{change}: {outcome['status']}")
        self._server.said.setdefault(op_id, said)
        if "held" not in (
            outcome["status"],
            outcome.get("first"),
        ):  # woken in this push it is told as if it were new
            heard.answered.add((device, op_id))
        heard.ops[device, (change["collection"], change["id"])].add(op_id)

    def _is_true(self, person: str, change: Any, outcome: Any) -> None:
        """Applied: it stands there. Merged: what was told stands there. Rejected, held: it is kept."""
        truth, status = self._server.truth, outcome["status"]
        key = (change["collection"], change["id"])
        if status == "rejected":
            kept = (person, change["op_id"]) in self._server.heard.refused
            demand(kept, NOT_TRUE, f"{change} was rejected and is not kept")
        elif status == "held":
            demand(change["op_id"] in {one.op_id for one in truth.held}, NOT_TRUE, f"{change} is not held")
        elif status in ("applied", "merged") and change.get("deleted"):
            demand(key in truth.dead, NOT_TRUE, f"{key} is not deleted")
        elif status in ("applied", "merged") and outcome["seq"] == truth.seqs.get(key):
            told = outcome.get("record") or change["fields"]
            stands = truth.rows[key[0]].get(key[1], {})
            wrong = {name: value for name, value in told.items() if stands.get(name) != value}
            demand(not wrong, NOT_TRUE, f"{change} was {status}: {wrong} does not stand in {stands}")

    def _count(self, outcome: Any) -> None:
        self._server.tally[f"outcome: {outcome['status']}"] += 1
        if outcome.get("problem"):
            slug = outcome["problem"]["type"].rpartition("/")[2]
            self._server.tally[f"problem: {slug}"] += 1
