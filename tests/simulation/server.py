"""The real server in this process, with somebody watching each answer that leaves it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask
from psycopg.rows import TupleRow

from sync.client import Request, Response
from sync.cursor import Cursor, decode
from tests.phones import AppNetwork
from tests.simulation.oracle import Key, Record
from tests.simulation.truth import Truth, as_wire
from tests.simulation.violation import Violation, demand

PULL, PUSH, DIGEST = "/v1/sync/pull", "/v1/sync/push", "/v1/sync/digest"


class Server:
    """One tenant's server. `tables` is a connection of the database's owner, whom no policy binds."""

    def __init__(self, app: Flask, tables: psycopg.Connection[TupleRow], tenant: UUID) -> None:
        self._app, self._tables, self.tenant = AppNetwork(app), tables, tenant
        self._truth: Truth | None = None
        self.heard: dict[str, str] = {}  # op_id -> what it said when it was first heard
        self.ops: dict[tuple[str, Key], set[str]] = defaultdict(set)  # (device, record) -> ops heard
        self._delivered: set[tuple[str, str]] = set()
        self.dead: set[Key] = set()
        self.ever_seen: dict[str, set[Key]] = defaultdict(set)
        self.tally: Counter[str] = Counter()

    @property
    def truth(self) -> Truth:
        """The tables as they stand."""
        if self._truth is None:
            self._truth = Truth(self._tables, self.tenant)
            self._note(self._truth)
        return self._truth

    def _note(self, truth: Truth) -> None:
        """What was deleted stays deleted; whoever may see a record may have it on a phone from now on."""
        back = sorted(key for key in self.dead if key not in truth.dead)
        demand(not back, "a deleted record came back", f"{back}")
        alive = sorted(key for key in truth.dead if key[1] in truth.rows[key[0]])
        demand(not alive, "a deleted record came back", f"{alive} stand in their tables")
        self.dead |= truth.dead
        for person, visible in truth.oracle.visible.items():
            self.ever_seen[person] |= visible.keys()
        self.tally["checks"] += 1

    def changed(self) -> None:
        """Something was written: whoever asks next reads the tables anew."""
        self._truth = None

    def answer(self, person: str, request: Request, *, restored: bool = False) -> Response:
        """The app's answer, after a look at it. A phone that was restored may say something else under an old op_id."""
        seen_before = self.truth.oracle.visible[person]
        response = self._app.send(request)
        self.tally["requests"] += 1
        demand(response.status < 500, "the server failed", f"{request.path}: {response.body[:300]!r}")
        if request.method != "GET" and request.path != PULL:
            self.changed()
        if response.status == 200:
            self._watch(person, request, json.loads(response.body), seen_before)
        if request.path == PUSH and not restored:
            self._watch_ops(json.loads(request.body or b"{}")["changes"])
        return response

    def _watch(self, person: str, request: Request, said: Any, before: dict[Key, Record]) -> None:
        path, _, query = request.path.partition("?")
        asked = json.loads(request.body) if request.body else {}
        if path == PULL:
            self._watch_pull(person, asked, said)
        elif path == PUSH:
            self._watch_push(person, asked["changes"], said["outcomes"], before)
            self._watch_repetition(request.headers["X-Device-Id"], asked["changes"], said["outcomes"])
        elif path == DIGEST:
            there = sum(kind == said["collection"] for kind, _ in self.truth.oracle.visible[person])
            demand(said["count"] == there, "a digest is wrong", f"{query}: {said['count']}, not {there}")
        elif "items" in said:
            self._watch_list(person, path, said["items"])
        elif path.count("/") == 3 and path.split("/")[2] in self.truth.rows:
            self._may_hold(person, (path.split("/")[2], said["id"]), said, path)

    def _watch_pull(self, person: str, asked: Any, said: Any) -> None:
        visible = self.truth.oracle.visible[person]
        for row in said["changes"]:
            key = (row["collection"], row["id"])
            if row["deleted"]:
                demand(row["record"] is None, "a tombstone has a body", f"{key}")
                demand(key not in visible, "a visible record was taken away", f"{person} pulled {key}")
            else:
                self._may_hold(person, key, row["record"], "a pull")
                demand(row["seq"] == self.truth.seqs[key], "a wrong number", f"{key}")
        before = decode(asked["cursor"]) if asked["cursor"] else Cursor()
        after = decode(said["cursor"])
        moved = after.seq > before.seq or (not said["more"] and after.seq == before.seq)
        demand(moved, "a cursor went wrong", f"{person}: {before.seq} to {after.seq}, more: {said['more']}")

    def _may_hold(self, person: str, key: Key, record: Record, where: str) -> None:
        """A record that leaves the server must be one that the person may see, as it stands."""
        stands = self.truth.oracle.visible[person].get(key)
        demand(stands is not None, "shown to somebody who may not see it", f"{where} told {person} of {key}")
        demand(as_wire(record) == as_wire(stands), "a wrong body", f"{key}: {record}, stands {stands}")

    def _watch_push(
        self, person: str, changes: list[Any], outcomes: list[Any], before: dict[Key, Record]
    ) -> None:
        same = [one["op_id"] for one in changes] == [one["op_id"] for one in outcomes]
        demand(same, "a change has no answer", f"{changes} got {outcomes}")
        visible = self.truth.oracle.visible[person].keys() | before.keys()
        for outcome in outcomes:
            key = (outcome["collection"], outcome["id"])
            if outcome.get("record") is not None and key not in visible:
                raise Violation("shown to somebody who may not see it", f"a push told {person} of {key}")

    def _watch_repetition(self, device: str, changes: list[Any], outcomes: list[Any]) -> None:
        for change, outcome in zip(changes, outcomes, strict=True):
            said, op_id = as_wire(change), change["op_id"]
            if (device, op_id) in self._delivered and self.heard[op_id] == said:
                again = outcome["status"] == "repeated"
                demand(again, "a change was applied twice", f"{change}: {outcome['status']}")
            self.heard.setdefault(op_id, said)
            self._delivered.add((device, op_id))
            self.ops[device, (change["collection"], change["id"])].add(op_id)

    def _watch_ops(self, changes: list[Any]) -> None:
        for change in changes:
            heard = self.heard.setdefault(change["op_id"], as_wire(change))
            demand(heard == as_wire(change), "an op_id with two meanings", f"{heard}, then {change}")

    def _watch_list(self, person: str, path: str, items: list[Record]) -> None:
        parts = path.split("/")
        if parts[-1] == "history":
            for version in items:
                readers = self.truth.oracle.readers(parts[2], version["record"])
                demand(person in readers, "shown to somebody who may not see it", f"{path} told {person}")
            return
        for record in items:
            self._may_hold(person, (parts[2], record["id"]), record, path)
        there = sum(kind == parts[2] for kind, _ in self.truth.oracle.visible[person])
        demand(len(items) == there, "a list is not whole", f"{path} gave {len(items)} of {there} to {person}")
