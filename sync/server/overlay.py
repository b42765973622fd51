"""What the changes of a push have altered so far, laid on top of what is stored; nothing of it is written yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sync.changes import Record
from sync.server.actor import Actor
from sync.server.kind import Noted

Name = TypeVar("Name")
Laying = TypeVar("Laying")
Key = tuple[str, str]
"""(collection, record id)."""
Writer = tuple[int, str, str]
"""Who wrote a field last: number, device, person."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands: `record` is None once deleted; `writers` names each field's last writer, "*" all others'."""

    key: Key
    seq: int
    author: str
    record: Record | None
    writers: Mapping[str, Writer]
    scopes: frozenset[str] = frozenset()

    def writer(self, name: str) -> Writer:
        """Who wrote this field last."""
        return self.writers.get(name) or self.writers["*"]


@dataclass(frozen=True, slots=True)
class Replaced:
    """A body that a write replaced, for history."""

    key: Key
    seq: int
    author: str
    device: str
    at: datetime
    body: Record | None


@dataclass(frozen=True, slots=True)
class Membership:
    """A person in a scope; the block (base, base + len] was reserved when it last changed."""

    active: bool
    base: int
    len: int
    first_base: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an overlay stood."""

    seq: int
    steps: int
    replaced: tuple[Replaced, ...]
    forgotten: tuple[Key, ...]
    noted: int


class Laid(dict[Name, Laying]):
    """A dictionary that notes in a journal what each of its keys held before."""

    def __init__(self, journal: list[tuple[dict[Any, Any], Any, Any]]) -> None:
        super().__init__()
        self._journal = journal

    def __setitem__(self, key: Name, value: Laying) -> None:
        self._journal.append((self, key, self.get(key)))
        super().__setitem__(key, value)


class Overlay:
    """All that the changes so far have altered. It goes back to a mark, so that a refused change leaves no trace."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self._journal: list[tuple[dict[Any, Any], Any, Any]] = []
        self.rows: dict[Key, Row] = Laid(self._journal)
        self.entries: dict[tuple[str, Key], tuple[int, int | None, bool]] = Laid(self._journal)
        """By scope and key: number, new position, removed."""
        self.scopes: dict[str, tuple[int, int]] = Laid(self._journal)
        """next_pos, max_seq."""
        self.memberships: dict[tuple[str, str], Membership] = Laid(self._journal)
        self.replaced: list[Replaced] = []
        self.forgotten: list[Key] = []
        self.noted: list[tuple[Actor, Noted]] = []

    def mark(self) -> Mark:
        """Where it stands now."""
        return Mark(
            self.seq, len(self._journal), tuple(self.replaced), tuple(self.forgotten), len(self.noted)
        )

    def back_to(self, mark: Mark) -> None:
        """As it stood at the mark."""
        while len(self._journal) > mark.steps:
            laid, key, before = self._journal.pop()
            if before is None:
                del laid[key]
            else:
                dict.__setitem__(laid, key, before)
        self.seq, self.replaced, self.forgotten = mark.seq, list(mark.replaced), list(mark.forgotten)
        del self.noted[mark.noted :]
