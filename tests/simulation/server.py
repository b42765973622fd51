"""The real server in this process, with somebody watching each answer that leaves it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, KeysView, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask
from psycopg import sql
from psycopg.rows import TupleRow

from sync.client import Request, Response
from sync.cursor import Cursor
from sync.server.actor import Actor
from sync.server.push import Door
from tests.phones import AppNetwork
from tests.simulation import backup
from tests.simulation.ledger import Ledger
from tests.simulation.oracle import Key
from tests.simulation.truth import Truth, as_wire
from tests.simulation.violation import Violation, demand
from tests.simulation.watch import NOT_HERS, PULL, PUSH, Watch

_STORED = {
    "tombstones": ("sync_entry", "removed"),
    "receipts": ("sync_receipt", "true"),
    "raw pushes": ("sync_inbox", "true"),
    "changes held": ("sync_held", "true"),
    "notes of who read": ("read_log", "true"),
    "records in their last state": ("sync_document", 'body ~ \'"state":"(expired|lapsed|closed)"\''),
    "raised horizons": ("sync_clock", "horizon > 0"),
    "old words": ("sync_history", "body IS NOT NULL"),
    "grants": ("sync_membership", "active"),
    "grants after a revocation": ("sync_membership", "active AND base > first_base"),
    "grants after something left in between": (
        "sync_membership",
        "active AND EXISTS (SELECT FROM sync_entry e WHERE e.tenant_id = sync_membership.tenant_id"
        " AND e.scope_id = sync_membership.scope_id AND e.removed AND e.seq > first_base AND e.seq <= base)",
    ),
    "revocations": ("sync_membership", "NOT active"),
}
"""Table and condition of what is counted."""
Op = tuple[str, str]
"""(device, op_id)."""
Reader = tuple[str, int, int]
"""A phone's copy since it was last empty: its device, and the boot and epoch that its cursors carry."""


@dataclass
class Heard:
    """What a server has heard and told; it forgets with its database."""

    ops: dict[tuple[str, Key], set[str]]  # the ops of each device about each record
    answered: set[Op]
    refused: set[tuple[str, str]]  # (person, op_id) of each rejected write that was ever kept
    dead: set[Key]

    def copy(self) -> Heard:
        ops = defaultdict(set, {key: set(known) for key, known in self.ops.items()})
        return Heard(ops, set(self.answered), set(self.refused), set(self.dead))


class Server:
    """One tenant's server. `tables` is a connection of the database's owner, whom no policy binds."""

    def __init__(
        self, app: Flask, tables: psycopg.Connection[TupleRow], tenant: UUID, ledger: Ledger
    ) -> None:
        self._app, self._tables, self.tenant = AppNetwork(app), tables, tenant
        self._truth: Truth | None = None
        self.tally: Counter[str] = Counter()
        self.heard = Heard(defaultdict(set), set(), set(), set())
        self.said: dict[str, str] = {}  # op_id -> what it said when it was first heard
        self.sent: dict[str, set[Key]] = defaultdict(set)  # what each person ever said something of
        self.ever_seen: dict[str, set[Key]] = defaultdict(set)
        self.ever_read: dict[str, set[str]] = defaultdict(set)  # the words that a person could ever read
        self.readers: dict[Reader, tuple[str, set[Key]]] = {}  # its person, and what she could see meanwhile
        self.missed: dict[Reader, set[Key]] = defaultdict(
            set
        )  # what she would have seen, had she not been out
        self._seen_last: dict[str, KeysView[Key]] = {}
        self._conflicts: set[str] = set()
        self.amid_push: Callable[[], None] | None = None
        self._broken_amid: Violation | None = None
        self._backup: tuple[backup.Rows, Heard] | None = None
        self._watch = Watch(self, ledger)

    @property
    def truth(self) -> Truth:
        """The tables as they stand."""
        if self._truth is None:
            self._truth = Truth(self._tables, self.tenant)
            self._note(self._truth)
        return self._truth

    def _note(self, truth: Truth) -> None:
        """What was deleted stays deleted; whoever may see a record may have it on a phone from now on."""
        back = sorted(key for key in self.heard.dead if key not in truth.dead)
        demand(not back, "a deleted record came back", f"{back}")
        alive = sorted(key for key in truth.dead if key[1] in truth.rows[key[0]])
        demand(not alive, "a deleted record came back", f"{alive} stand in their tables")
        self.heard.dead |= truth.dead
        self.heard.refused |= {
            (row["person_id"], row["op_id"]) for row in truth.rows["rejected_writes"].values()
        }
        self._note_conflicts(truth)
        for person, visible in truth.oracle.visible.items():
            self.ever_seen[person] |= visible.keys()
            self.ever_read[person].update(*(truth.words_of(key) for key in visible if key[0] != "conflicts"))
            self._seen_last[person] = visible.keys()
        for reader, (person, could_see) in self.readers.items():
            could_see.update(truth.oracle.visible[person])
            self.missed[reader].update(truth.had_nobody_left.visible[person])
        self.tally["checks"] += 1

    def _note_between(self, before: Truth, changes: list[Any]) -> None:
        """A push of several changes may show a record for a moment that nobody else sees: its tombstone comes all the same."""
        changed = [(change["collection"], change["id"]) for change in changes]
        for moment in self.truth.on_the_way(changed, before) if len(changed) > 1 else ():
            for person, could_see in self.readers.values():
                could_see.update(moment.visible[person])

    def _note_conflicts(self, truth: Truth) -> None:
        """A conflict holds somebody else's words: it is for those who may see, or could see just before, where they stood."""
        for record_id in truth.rows["conflicts"].keys() - self._conflicts:
            conflict = truth.rows["conflicts"][record_id]
            person, key = conflict["person_id"], (conflict["collection"], conflict["record_id"])
            hers = key in truth.oracle.visible[person] or key in self._seen_last.get(person, ())
            demand(hers, NOT_HERS, f"a conflict tells {person} of {key}")
            self.ever_read[person] |= truth.words_of(("conflicts", record_id))
            self._conflicts.add(record_id)

    def changed(self) -> None:
        """Something was written: whoever asks next reads the tables anew."""
        self._truth = None

    def read_by(self, person: str, device: str, cursor: Cursor) -> set[Key]:
        """All that this copy can hold, as far as it was pulled; and what came and went in a group while she was out of it."""
        reader = (device, cursor.boot, cursor.epoch)
        if reader not in self.readers:
            self.readers[reader] = (person, set(self.truth.oracle.visible[person]))
        person, could_see = self.readers[reader]
        return could_see | self.missed[reader] if self.truth.oracle.came_back(person) else could_see

    def answer(self, person: str, request: Request, *, restored: bool = False) -> Response:
        """The app's answer, after a look at it. A phone that was restored may say something else under an old op_id."""
        before = self.truth
        response = self._app.send(request)
        if self._broken_amid:
            raise self._broken_amid
        self.tally["requests"] += 1
        self.tally[f"answered: {response.status}"] += 1
        demand(response.status < 500, "the server failed", f"{request.path}: {response.body[:300]!r}")
        if request.method != "GET" and request.path != PULL:
            self.changed()
        if request.path == PUSH and response.status == 200:
            self._note_between(before, json.loads(request.body or b"{}")["changes"])
        self._watch.answer(person, request, response, before.oracle.visible[person])
        if request.path == PUSH and not restored:
            self._one_meaning(json.loads(request.body or b"{}")["changes"])
        return response

    def _one_meaning(self, changes: list[Any]) -> None:
        for change in changes:
            said = self.said.setdefault(change["op_id"], as_wire(change))
            demand(said == as_wire(change), "an op_id with two meanings", f"{said}, then {change}")

    # between the writes of a push and its commit

    def push_through(self, push: Callable[..., Any]) -> Callable[..., Any]:
        """The door, with somebody else's pull just before its transaction is committed."""

        def pushed(door: Door, connection: Any, actor: Actor, changes: Sequence[Any], *more: Any) -> Any:
            outcomes = push(door, connection, actor, changes, *more)
            amid, self.amid_push = self.amid_push, None
            try:
                if amid and changes:
                    amid()
            except Violation as broken:  # raised here it would become an answer of the app
                self._broken_amid = broken
            return outcomes

        return pushed

    # what it throws away

    def stored(self) -> Counter[str]:
        """How much of each thing lies in the tables that time empties, and of what comes with grants."""
        statement = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {}, count(*) FROM {} WHERE tenant_id = %(tenant)s AND {}").format(
                sql.Literal(name), sql.Identifier(table), sql.SQL(which)
            )
            for name, (table, which) in _STORED.items()
        )
        return Counter(dict(self._tables.execute(statement, {"tenant": self.tenant}).fetchall()))

    def forget_old(self) -> None:
        """Receipts that were thrown away cannot be repeated: their changes may be applied a second time."""
        known = self._tables.execute("SELECT op_id FROM sync_receipt WHERE tenant_id = %s", [self.tenant])
        left = {op_id for (op_id,) in known}
        gone = {op_id for _, op_id in self.heard.answered} - left
        self.heard.answered = {(device, op_id) for device, op_id in self.heard.answered if op_id in left}
        for ops in self.heard.ops.values():
            ops |= {f"{op_id} again" for op_id in ops & gone}

    # its backup

    def back_up(self) -> None:
        """Keep a copy of the database."""
        self._note(self.truth)
        self._backup = backup.copy(self._tables, self.tenant), self.heard.copy()

    def restore(self) -> bool:
        """The database is the copy again; False where there is none."""
        if self._backup is None:
            return False
        rows, heard = self._backup
        backup.put_back(self._tables, self.tenant, rows)
        self.heard = heard.copy()
        self.changed()
        return True
