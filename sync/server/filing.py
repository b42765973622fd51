"""Put a judged change into the stage: a number, the record's new state, and its place in every scope that may read it.

Grants and revocations stand here too, since they too take numbers: a block as long as the scope, whatever its size,
so that its records can be sent one by one (or taken away one by one) under numbers of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from sync.changes import Record
from sync.server.actor import Actor
from sync.server.kind import Grant
from sync.server.overlay import Key, Membership, Replaced, Row, Writer
from sync.server.refusals import REJECTED_WRITES
from sync.server.stage import Stage
from sync.server.statement import Statement
from sync.server.tables import membership

_SCOPE = Statement("SELECT next_pos, max_seq FROM sync_scope WHERE tenant_id = :tenant AND scope_id = :scope")


class Filing:
    """Writes into one stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._stored_scopes: dict[str, tuple[int, int]] = {}

    def write(
        self, actor: Actor, key: Key, record: Record | None, changed: set[str], forget: bool = False
    ) -> Row:
        """Give the record its next number and state; `record` None deletes it. Its children's audiences follow."""
        before = self.stage.row(key)
        overlay = self.stage.overlay
        overlay.seq += 1
        writer: Writer = (overlay.seq, actor.device_id, actor.person_id)
        if before is not None:
            self._remember(actor, before, overlay.seq, forget)
        author = before.author if before else actor.person_id
        row = Row(
            key,
            overlay.seq,
            author,
            record,
            _writers(before, changed, writer),
            before.scopes if before else frozenset(),
        )
        overlay.rows[key] = row
        row = self._file(row, overlay.seq, everywhere=True)
        if before is not None and changed:
            self._refile_children(key)
        return row

    def refile(self, key: Key) -> None:
        """Ask a record's audience anew: it leaves and enters scopes under a number of its own; the record stays as it is."""
        row = self.stage.row(key)
        if row is None or row.record is None or self._audience(row) == row.scopes:
            return
        self.stage.overlay.seq += 1
        self._file(row, self.stage.overlay.seq, everywhere=False)
        self._refile_children(key)

    def tell(self, person_id: str, key: Key) -> None:
        """Send a record, or that it is gone, to one person once more: a new number where what is hers alone stands.

        Nobody else hears of it. An entry that does not let her see the record still makes her next pull ask whether she may.
        """
        row, seq = self.stage.row(key), self.stage.overlay.seq + 1
        self.stage.overlay.seq = seq
        for scope_id in self.stage.kinds[REJECTED_WRITES].audience({"person_id": person_id}, self.stage):
            stands = row is not None and scope_id in row.scopes
            pos = self._staged_pos(scope_id, key)
            touched = self._touch(scope_id, seq, arrives=pos is None and not stands)
            self.stage.overlay.entries[scope_id, key] = (seq, pos or touched, not stands)

    def grant(self, grant: Grant) -> None:
        """Let a person into a scope or out of it: O(1), a block of numbers as long as the scope is reserved."""
        overlay = self.stage.overlay
        stored = self._membership(grant.person_id, grant.scope_id)
        if (stored is None and not grant.active) or (stored is not None and stored.active == grant.active):
            return
        next_pos, max_seq = self._scope(grant.scope_id)
        base = overlay.seq
        overlay.seq += next_pos + 1  # one more, so that the clock moves for an empty scope too
        first_base = stored.first_base if stored else base
        overlay.memberships[grant.person_id, grant.scope_id] = Membership(
            grant.active, base, next_pos, first_base
        )
        overlay.scopes[grant.scope_id] = (next_pos, max_seq)

    def _remember(self, actor: Actor, before: Row, seq: int, forget: bool) -> None:
        overlay = self.stage.overlay
        if forget:
            overlay.replaced = [
                replace(one, body=None) if one.key == before.key else one for one in overlay.replaced
            ]
            overlay.forgotten.append(before.key)
        last = max(before.writers.values())
        body = None if forget else before.record
        overlay.replaced.append(Replaced(before.key, seq, last[2], last[1], self.stage.now, body))

    def _audience(self, row: Row) -> frozenset[str]:
        if row.record is None:
            return frozenset()
        return frozenset(self.stage.kinds[row.key[0]].audience(row.record, self.stage))

    def _file(self, row: Row, seq: int, *, everywhere: bool) -> Row:
        """Bring the entries to the audience: all of them for a write, only those that differ for a refiling."""
        overlay, audience = self.stage.overlay, self._audience(row)
        for scope_id in row.scopes - audience:
            overlay.entries[scope_id, row.key] = (seq, self._staged_pos(scope_id, row.key), True)
            self._touch(scope_id, seq)
        for scope_id in audience - row.scopes:
            overlay.entries[scope_id, row.key] = (seq, self._touch(scope_id, seq, arrives=True), False)
        for scope_id in audience & row.scopes if everywhere else ():
            overlay.entries[scope_id, row.key] = (seq, self._staged_pos(scope_id, row.key), False)
            self._touch(scope_id, seq)
        filed = Row(row.key, row.seq, row.author, row.record, row.writers, audience)
        overlay.rows[row.key] = filed
        return filed

    def _staged_pos(self, scope_id: str, key: Key) -> int | None:
        """The position that this push gave the entry; None when the stored one stays."""
        staged = self.stage.overlay.entries.get((scope_id, key))
        return staged[1] if staged else None

    def _touch(self, scope_id: str, seq: int, *, arrives: bool = False) -> int:
        next_pos = self._scope(scope_id)[0] + arrives
        self.stage.overlay.scopes[scope_id] = (next_pos, seq)
        return next_pos

    def _refile_children(self, key: Key) -> None:
        for kind, name in self.stage.kinds.children_of(key[0]) if key[0] in self.stage.kinds else ():
            for child in self.stage.children(kind.name, name, key[1]):
                self.refile((kind.name, child["id"]))

    def _scope(self, scope_id: str) -> tuple[int, int]:
        staged = self.stage.overlay.scopes.get(scope_id) or self._stored_scopes.get(scope_id)
        if staged is None:
            row = _SCOPE.row(self.stage.connection, tenant=self.stage.sequence.tenant_id, scope=scope_id)
            staged = self._stored_scopes[scope_id] = (row.next_pos, row.max_seq) if row else (0, 0)
        return staged

    def _membership(self, person_id: str, scope_id: str) -> Membership | None:
        staged = self.stage.overlay.memberships.get((person_id, scope_id))
        if staged is not None:
            return staged
        table = membership.c
        found = select(table.active, table.base, table.len, table.first_base).where(
            table.tenant_id == self.stage.sequence.tenant_id,
            table.person_id == person_id,
            table.scope_id == scope_id,
        )
        row = self.stage.connection.execute(found).one_or_none()
        return row and Membership(*row)


def _writers(before: Row | None, changed: set[str], writer: Writer) -> Mapping[str, Any]:
    if before is None:
        return {"*": writer}
    return dict(before.writers) | dict.fromkeys(changed, writer)
