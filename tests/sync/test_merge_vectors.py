"""The vectors of the merge, which clients in other languages share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from observation_tools.state_machine import machine
from sync.merge import Base, Policy, merge, three_way

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "merge.json").read_text())


def named(vectors: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


@pytest.mark.parametrize("vector", named(VECTORS["three_way"]))
def test_three_way(vector: dict[str, Any]) -> None:
    assert three_way(vector["base"], vector["mine"], vector["theirs"]) == vector["expected"]
    assert three_way(vector["base"], vector["theirs"], vector["mine"]) == vector["expected"]


@pytest.mark.parametrize("vector", named(VECTORS["records"]))
def test_record(vector: dict[str, Any]) -> None:
    forbidden = {tuple(edge) for edge in vector.get("forbidden_moves", ())}
    merged = merge(
        vector["current"],
        vector["arrived"],
        Base(vector["base"], vector["own"].__contains__),
        {name: Policy(policy) for name, policy in vector["policies"].items()},
        machine("vector", *vector["machine"]) if "machine" in vector else None,
        lambda edge: edge not in forbidden,
    )
    found: dict[str, Any] = {
        "record": merged.record,
        "changed": sorted(merged.changed),
        "conflicts": [
            {"field": c.field, "kept": c.kept, "other": c.other, "arrived_kept": c.arrived_kept}
            for c in merged.conflicts
        ],
    }
    if "machine" in vector:
        found["moved"] = [list(edge) for edge in merged.moved]
        found["illegal_move"] = merged.illegal_move and list(merged.illegal_move)
    assert found == vector["expected"]


def test_every_policy_has_vectors() -> None:
    tried = {policy for vector in VECTORS["records"] for policy in vector["policies"].values()}
    assert tried == {policy.value for policy in Policy}
