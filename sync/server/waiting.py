"""The changes that wait for a parent, as the push under way finds and leaves them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from sync.changes import Change
from sync.server import held
from sync.server.actor import Actor
from sync.server.held import Held
from sync.server.overlay import Key


class Waiting:
    """Those that are stored, and those that this push leaves waiting or wakes."""

    def __init__(self, connection: Connection, tenant_id: UUID) -> None:
        self._connection, self._tenant_id = connection, tenant_id
        self._stored: list[Held] = []
        self._asked: set[Key] = set()
        self._sent_before: dict[str, dict[str, Change]] = {}
        self._here: dict[str, Held] = {}
        self.woken: set[str] = set()

    def take(self, keys: Iterable[Key], found: Iterable[Any]) -> None:
        """The stored ones that wait for these keys, where they were asked for with others (`held.question`)."""
        self._asked |= set(keys)
        self._stored += held.told(self._tenant_id, found)

    def hold(self, actor: Actor, change: Change, parent: Key, now: datetime) -> None:
        """Let a change wait; a microsecond apart, so that those of one push wake in the order in which they were sent."""
        due_at = now + held.DEADLINE + timedelta(microseconds=len(self._here))
        self._here[change.op_id] = Held(parent, actor, change, due_at)

    def wait_on(self, one: Held, parent: Key) -> None:
        """Let it wait for another parent."""
        self._here[one.change.op_id] = replace(one, parent=parent)

    def wake(self, one: Held) -> None:
        """It waits no longer."""
        self._here.pop(one.change.op_id, None)
        self.woken.add(one.change.op_id)

    def for_parents(self, keys: Collection[Key]) -> list[Held]:
        """Those that wait for these, oldest first, each as it waits now."""
        missing = set(keys) - self._asked
        if missing:
            self._asked |= missing
            self._stored += held.waiting_for(self._connection, self._tenant_id, missing)
        stored = sorted(
            (one for one in self._stored if one.parent in keys),
            key=lambda one: (one.due_at, one.change.op_id),
        )
        here = [one for one in self._here.values() if one.parent in keys]
        return list({one.change.op_id: one for one in stored + here}.values())

    def is_behind(self, actor: Actor, change: Change) -> bool:
        """Whether the record itself still waits, sent by the same person before: what she says of it waits behind it."""
        if actor.person_id not in self._sent_before:
            self._sent_before[actor.person_id] = held.sent_by(self._connection, actor)
        sent = self._sent_before[actor.person_id] | {
            op_id: one.change for op_id, one in self._here.items() if one.actor.person_id == actor.person_id
        }
        earlier = takewhile(lambda op_id: op_id != change.op_id, sent)
        return any(
            (sent[op_id].collection, sent[op_id].id) == (change.collection, change.id)
            for op_id in earlier
            if op_id not in self.woken
        )

    def store(self) -> None:
        """Keep what waits, and forget what does not."""
        held.hold(self._connection, self._here.values())
        held.let_go(self._connection, self._tenant_id, self.woken)
