"""What a kind of record declares, once: its words, its table, who reads and writes it, and how two edits merge.

The product fills a `Kind` per collection and hands the engine the list, parents first. Rules are plain functions of
wire records; whatever else they must know they ask of `Near`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, Table

from observation_tools.states import StateMachine
from schemas.base import RecordSchema
from sync.changes import Change, Record
from sync.merge import Policy
from sync.server.actor import Actor


class Near(Protocol):
    """What a rule may ask about the records around the one it judges; all of it as of this very change."""

    @property
    def now(self) -> datetime:
        """The moment of this push (aware, UTC)."""

    def record(self, collection: str, record_id: str | None) -> Record | None:
        """A live record, or None."""

    def children(self, collection: str, field: str, record_id: str) -> list[Record]:
        """The live records of a kind whose `field` names this record."""

    def in_scope(self, person_id: str, scope_id: str) -> bool:
        """Whether the person is an active member of the scope."""


@dataclass(frozen=True, slots=True)
class Write:
    """One record before and after a change; `before` is None for a new record, `after` None for a deleted one."""

    collection: str
    id: str
    before: Record | None
    after: Record | None
    moved: tuple[tuple[str, str], ...] = ()  # the edges of the state machine that the change walks


@dataclass(frozen=True, slots=True)
class Grant:
    """A person enters (or, inactive, leaves) a scope as the effect of a change."""

    person_id: str
    scope_id: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Noted:
    """An act that the product keeps in a log of its own, as the effect of a change."""

    act: str
    about: Mapping[str, str | int]


Effect = Change | Grant | Noted
Note = Callable[[Connection, UUID, Actor, str, Mapping[str, str | int], datetime], Any]
"""Writes what is noted, in the transaction of the push."""


def everyone_may(actor: Actor, record: Record, near: Near) -> bool:
    """The rule of kinds that whoever sees them may write."""
    return True


def any_move(actor: Actor, record: Record, edge: tuple[str, str], near: Near) -> bool:
    """The rule of kinds whose every legal move is open to whoever may write."""
    return True


def nothing_to_check(actor: Actor, write: Write, near: Near) -> Record | None:
    """The rule of kinds without rules of their own."""
    return None


def no_effects(actor: Actor, write: Write, near: Near) -> Iterable[Effect]:
    """The rule of kinds that touch nothing else."""
    return ()


@dataclass(frozen=True, eq=False)
class Kind:
    """A collection of synced records.

    parents      field -> collection it names; a change whose parent is not (visibly) there waits for it
    audience     the scopes that the record stands in now (never asked of deleted records)
    may_write    asked on the record before (if any) and after the change (if not a delete)
    may_move     asked for each edge of the state machine that a change walks
    check        the domain's own rules; raises Refused, or returns the record amended by the server
    effects      what else the change brings about: further changes, made by the system, grants, and notes
    may_delete   whether the actor may delete the record (nobody, unless the kind says so)
    forgets      whether a write also takes the record's earlier bodies out of history (what died must not be restored)
    read_logged  whether deliveries to others than the author are logged for the host
    read_scope   the scope that lets another's app read it in the person's name; None: no app may
    write_scope  the scope that lets such an app write it, which lets it read too; None: no app may
    """

    name: str
    table: Table
    schema: RecordSchema
    audience: Callable[[Record, Near], Collection[str]]
    parents: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    machine: StateMachine | None = None
    may_write: Callable[[Actor, Record, Near], bool] = everyone_may
    may_move: Callable[[Actor, Record, tuple[str, str], Near], bool] = any_move
    may_delete: Callable[[Actor, Record, Near], bool] = lambda actor, record, near: False
    check: Callable[[Actor, Write, Near], Record | None] = nothing_to_check
    effects: Callable[[Actor, Write, Near], Iterable[Effect]] = no_effects
    forgets: Callable[[Write], bool] = lambda write: False
    read_logged: bool = False
    server_only: bool = False  # only the engine writes it (conflicts, rejected writes)
    read_scope: str | None = None
    write_scope: str | None = None

    @cached_property
    def blank(self) -> Mapping[str, Any]:
        """A record of this kind before anybody wrote into it."""
        return dict.fromkeys(self.schema.fields) | ({"state": self.machine.initial} if self.machine else {})

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of its table's columns."""
        return tuple(column.name for column in self.table.columns)

    @cached_property
    def columns_beside_key(self) -> tuple[str, ...]:
        """Those that are not part of the table's key."""
        return tuple(column.name for column in self.table.columns if not column.primary_key)

    @cached_property
    def scopes(self) -> frozenset[str]:
        """The scopes of which each lets an app read it."""
        return frozenset(scope for scope in (self.read_scope, self.write_scope) if scope)

    def parent_ids(self, record: Mapping[str, Any]) -> list[tuple[str, str]]:
        """(collection, id) of each parent that the record names."""
        return [(kind, record[name]) for name, kind in self.parents.items() if record.get(name)]


class Kinds(Mapping[str, Kind]):
    """The table of contents, parents before children."""

    def __init__(self, kinds: Iterable[Kind], note: Note | None = None) -> None:
        self.note = note
        self._kinds = {kind.name: kind for kind in kinds}
        self._children: dict[str, list[tuple[Kind, str]]] = {name: [] for name in self._kinds}
        for kind in self._kinds.values():
            for name, parent in kind.parents.items():
                self._children[parent].append((kind, name))

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Any:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def hidden(self, token_scopes: frozenset[str] | None) -> frozenset[str]:
        """The collections that none of these scopes of a token opens; None is the token of an app of ours."""
        if token_scopes is None:
            return frozenset()
        return frozenset(name for name, kind in self._kinds.items() if not kind.scopes & token_scopes)

    def children_of(self, name: str) -> list[tuple[Kind, str]]:
        """(kind, field) of each kind that names this one as a parent."""
        return self._children[name]
