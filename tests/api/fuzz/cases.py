"""Requests as schemathesis makes them up, some of which name what is there: else most would end at a 404."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

schemathesis.serializer.alias("application/zip", "application/octet-stream")
MODES = {"as documented": GenerationMode.POSITIVE, "against the document": GenerationMode.NEGATIVE}


@st.composite
def cases(draw: st.DrawFn, operation: Any, mode: GenerationMode, ids: list[str]) -> Case:
    """A request to this operation; half of the ids that it names are those of records."""
    case: Case = draw(operation.as_strategy(generation_mode=mode))
    places = [case.path_parameters] if case.path_parameters else []
    for said in (*places, *_objects(case.body)):
        for name in said:
            if _is_id(name) and draw(st.booleans()):
                said[name] = draw(st.sampled_from(ids))
    return case


def _is_id(name: Any) -> bool:
    return isinstance(name, str) and (name == "id" or name.endswith("_id"))


def _objects(body: Any) -> list[dict[Any, Any]]:
    """The objects of a body that may hold ids: itself, and those inside it."""
    if isinstance(body, dict):
        return [body, *(found for value in body.values() for found in _objects(value))]
    if isinstance(body, list):
        return [found for value in body for found in _objects(value)]
    return []
