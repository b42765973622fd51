"""What a plan would do, and what its reader found, as JSON values: for the shell and for the API."""

from __future__ import annotations

from typing import Any

from service.integrations.roster.findings import Findings
from service.integrations.roster.plan import Plan


def document(plan: Plan, findings: Findings) -> dict[str, Any]:
    """All of it; every step by name."""
    steps = [{"act": step.act, "collection": step.collection, "name": step.name} for step in plan.steps]
    counts = {"counts": plan.counts, "ends_many": plan.ends_many, "kept": plan.kept, "grants": plan.grants}
    counts["without_powers"] = plan.without_powers
    return {**counts, "steps": steps, **findings.document()}
