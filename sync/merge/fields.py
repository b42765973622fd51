"""The merge of one record, field by field. It knows no database and no rights: who may move a state is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from observation_tools.states import StateMachine
from sync.changes import Record
from sync.merge.text import longer, three_way

Edge = tuple[str, str]


class Policy(Enum):
    """What happens to a field that two sides changed."""

    LAST = "last"  # the change that arrives last wins; history keeps the other
    TEXT = "text"  # free text: three-way; what cannot be merged becomes a conflict with both versions kept
    AUTHOR = "author"  # text that only the record's author may write; her own phones merge like TEXT
    STATE = "state"  # the state machine decides: the furthest legal state
    SET = "set"  # by element, against the base


@dataclass(frozen=True, slots=True)
class Base:
    """What the writer had seen: the record then (None when it did not say), and the fields that its own device wrote last."""

    record: Mapping[str, Any] | None
    own: Callable[[str], bool]

    def untouched_by_writer(self, name: str, value: Any) -> bool:
        """A value equal to the base is no edit, whatever else happened to the field since."""
        return self.record is not None and self.record.get(name) == value

    def untouched_by_others(self, name: str, current: Any) -> bool:
        """Nobody else changed the field since the writer saw it."""
        return self.own(name) or (self.record is not None and self.record.get(name) == current)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two texts of which only one could stay in the record; `other` is kept beside it."""

    field: str
    kept: Any
    other: Any
    arrived_kept: bool  # whether the arriving text is the one that stayed


@dataclass(slots=True)
class Merged:
    """The record after the merge, which fields it changed, what it could not join, and how the state walked."""

    record: Record
    changed: set[str] = field(default_factory=set)
    conflicts: list[Conflict] = field(default_factory=list)
    moved: tuple[Edge, ...] = ()
    illegal_move: Edge | None = None

    def take(self, name: str, value: Any) -> None:
        """Put a value in its field, and note when that changes it."""
        if self.record.get(name) != value:
            self.record[name] = value
            self.changed.add(name)


@dataclass(frozen=True, slots=True)
class Merging:
    """One merge under way: what stands, what the writer had seen, and what the kind declared."""

    base: Base
    policies: Mapping[str, Policy]
    machine: StateMachine | None
    allowed: Callable[[Edge], bool]

    def field(self, into: Merged, name: str, value: Any) -> None:
        """Merge one arriving value into the record."""
        current = into.record.get(name)
        if value == current or self.base.untouched_by_writer(name, value):
            return
        alone = self.base.untouched_by_others(name, current)
        policy = self.policies.get(name, Policy.LAST)
        if policy is Policy.STATE:
            self._state(into, name, value, alone)
        elif alone:
            into.take(name, value)
        else:
            _BOTH_CHANGED[policy](self, into, name, value)

    def _state(self, into: Merged, name: str, value: Any, alone: bool) -> None:
        assert self.machine is not None, "a state field without a state machine"
        if value is None:  # whoever sends whole records may not know the state: that says nothing
            return
        current = into.record[name]
        target = value if alone else self.machine.furthest(current, value)
        path = self.machine.path(current, target, self.allowed)
        if path is None:
            into.illegal_move = None if self._is_old_news(name, value, current) else (current, value)
        else:
            into.take(name, target)
            into.moved = tuple(path)

    def _is_old_news(self, name: str, value: str, current: str) -> bool:
        """A state on the way to the current one is no mistake of a writer who had not seen the current one."""
        assert self.machine is not None
        knew = self.base.record is not None and self.base.record.get(name) == current
        return not knew and self.machine.path(value, current) is not None

    def _last(self, into: Merged, name: str, value: Any) -> None:
        if (
            self.base.record is None
        ):  # it never saw what it would overwrite; a field left empty is nothing to keep
            if value is None:
                return
            into.conflicts.append(Conflict(name, into.record.get(name), value, arrived_kept=False))
        else:
            into.take(name, value)

    def _text(self, into: Merged, name: str, value: Any) -> None:
        current = into.record.get(name)
        joined = self._joined(name, current or "", value or "")
        if joined is not None:
            into.take(name, joined)
        elif self.base.record is None:
            into.conflicts.append(Conflict(name, current, value, arrived_kept=False))
        else:
            into.take(name, value)
            into.conflicts.append(Conflict(name, value, current, arrived_kept=True))

    def _joined(self, name: str, current: str, value: str) -> str | None:
        if not current or not value:  # an emptied field holds nothing that could be lost, the other side does
            return current or value
        extended = longer(current, value)
        if extended is not None or self.base.record is None:
            return extended
        return three_way(self.base.record.get(name) or "", current, value)

    def _set(self, into: Merged, name: str, value: Any) -> None:
        seen = set((self.base.record or {}).get(name) or ())
        mine = set(value or ())
        current = set(into.record.get(name) or ())
        into.take(name, sorted((current | (mine - seen)) - (seen - mine)))


_BOTH_CHANGED: Mapping[Policy, Callable[[Merging, Merged, str, Any], None]] = {
    Policy.LAST: Merging._last,
    Policy.TEXT: Merging._text,
    Policy.AUTHOR: Merging._text,
    Policy.SET: Merging._set,
}


def merge(
    current: Mapping[str, Any],
    arrived: Mapping[str, Any],
    base: Base,
    policies: Mapping[str, Policy],
    machine: StateMachine | None = None,
    allowed: Callable[[Edge], bool] = lambda edge: True,
) -> Merged:
    """Merge the arriving fields (JSON values) into the current record; neither argument is changed."""
    merged = Merged(dict(current))
    merging = Merging(base, policies, machine, allowed)
    for name, value in arrived.items():
        merging.field(merged, name, value)
    return merged
