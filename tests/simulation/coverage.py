"""What must have happened in many worlds, or the promises were not tried: each kind of event, and how often it came."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rich.table import Table

from tests.simulation.acts import ACTS
from tests.simulation.events import EVENTS

ENOUGH = 100
"""In so many worlds each kind must have come at least once."""
KINDS = (
    *(f"step: {name}" for name in (*ACTS, *EVENTS)),
    *(f"network: {how}" for how in (
        "request lost", "answer lost", "request doubled", "request delayed", "late request arrived, taken",
        "late request arrived, declined", "another phone synced meanwhile", "another phone synced before the commit",
    )),
    *(f"phone: {what}" for what in ("synced whole", "typed on during a sync", "crashed", "signed in anew", "wiped", "clocks that are wrong")),
    *(f"outcome: {status}" for status in ("applied", "merged", "held", "repeated", "rejected")),
    *(f"problem: {slug}" for slug in (
        "record-deleted", "not-allowed", "not-found", "illegal-move", "invalid-record", "op-id-reused",
    )),
    *(f"pulled: {what}" for what in ("tombstones", "pages before the last")),
    "declined: sync-reset-required, restored: True", "declined: sync-reset-required, restored: False",
    *(f"worker: {what}" for what in (
        "changes held", "records in their last state", "notes of who read", "raised horizons", "tombstones", "receipts",
        "raw pushes",
    )),
    *(f"left: {what}" for what in (
        "conflicts", "rejected_writes", "read_events", "deleted records", "grants", "revocations", "grants after a revocation",
        "grants after something left in between",
        "tombstones",
    )),
    "phones owe words to a restored server",
)  # fmt: skip


@dataclass
class Coverage:
    """Of the worlds counted so far."""

    worlds: int = 0
    times: Counter[str] = field(default_factory=Counter)
    in_worlds: Counter[str] = field(default_factory=Counter)

    def add(self, tally: Counter[str]) -> None:
        """One more world."""
        self.worlds += 1
        self.times.update(tally)
        self.in_worlds.update(kind for kind, times in tally.items() if times)

    @property
    def missing(self) -> list[str]:
        """Kinds that should have come by now and did not."""
        return [kind for kind in KINDS if not self.times[kind]] if self.worlds >= ENOUGH else []

    def table(self) -> Table:
        """Each kind, how often it came, and in how many worlds."""
        table = Table("what happened", "times", "worlds")
        others = sorted(kind for kind in self.times if ": " in kind and kind not in KINDS)
        for kind in (*KINDS, *others):
            table.add_row(kind, f"{self.times[kind]:,}", f"{self.in_worlds[kind]:,}")
        return table
