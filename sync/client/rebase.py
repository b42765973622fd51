"""Moves typing onto what a merge made of the change before it, so that the next change does not undo the merge. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.changes import Record
from sync.merge import three_way

_UNKNOWN = object()


def rebase(
    fields: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[Record, bool]:
    """The fields that were typed on `before`, as if they had been typed on `now`; and whether that worked for all.

    Where it did not, the typed value stays and the change must keep its old base, so that the server sees the conflict.
    """
    moved = {name: _moved(before.get(name, _UNKNOWN), value, now.get(name)) for name, value in fields.items()}
    typed = {name: fields[name] if value is _UNKNOWN else value for name, value in moved.items()}
    return typed, _UNKNOWN not in moved.values()


def _moved(before: Any, typed: Any, now: Any) -> Any:
    if before == now:
        return typed
    if isinstance(before, str) and isinstance(typed, str) and isinstance(now, str):
        merged = three_way(before, typed, now)
        return _UNKNOWN if merged is None else merged
    if isinstance(before, list) and isinstance(typed, list) and isinstance(now, list):
        return [one for one in now if one in typed or one not in before] + [
            one for one in typed if one not in before and one not in now
        ]
    return _UNKNOWN
