"""What may stand in an answer of the server: looked at as it leaves, against the tables and the oracle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sync.client import Request, Response
from sync.cursor import Cursor, decode
from tests.simulation.ledger import Ledger
from tests.simulation.oracle import Key, Record
from tests.simulation.truth import WORD, as_wire
from tests.simulation.violation import demand
from tests.simulation.watch_push import WatchPush

if TYPE_CHECKING:
    from tests.simulation.server import Server

PULL, PUSH, DIGEST = "/v1/sync/pull", "/v1/sync/push", "/v1/sync/digest"
NOT_HERS = "shown to somebody who may not see it"


class Watch:
    """Looks at the answers of one server."""

    def __init__(self, server: Server, ledger: Ledger) -> None:
        self._server, self._ledger, self._push = server, ledger, WatchPush(server)

    def answer(self, person: str, request: Request, response: Response, before: dict[Key, Record]) -> None:
        """Demand that this answer to this person is right; `before` is what she could see when she asked."""
        self._words_are_hers(person, request, response)
        if response.status != 200:
            return self._count(response)
        path, _, query = request.path.partition("?")
        asked, said = json.loads(request.body) if request.body else {}, json.loads(response.body)
        if path == PULL:
            self._pulled(person, request.headers["X-Device-Id"], asked, said)
        elif path == PUSH:
            self._push.answer(
                person, request.headers["X-Device-Id"], asked["changes"], said["outcomes"], before
            )
        elif path == DIGEST:
            there = sum(kind == said["collection"] for kind, _ in self._visible(person))
            demand(said["count"] == there, "a digest is wrong", f"{query}: {said['count']}, not {there}")
        elif "items" in said:
            self._listed(person, path, said["items"])
        elif path.count("/") == 3 and path.split("/")[2] in self._server.truth.rows:
            self._may_hold(person, (path.split("/")[2], said["id"]), said, path)
        return None

    def _count(self, response: Response) -> None:
        if response.body and response.headers.get("content-type", "").endswith("json"):
            problem = json.loads(response.body)
            restored = f", restored: {problem['restored']}" if "restored" in problem else ""
            self._server.tally[f"declined: {str(problem.get('type')).rpartition('/')[2]}{restored}"] += 1

    def _visible(self, person: str) -> dict[Key, Record]:
        return self._server.truth.oracle.visible[person]

    def _words_are_hers(self, person: str, request: Request, response: Response) -> None:
        """Each word of any answer, of an error too, is one that she sent, typed or could read."""
        told = set(WORD.findall(response.body.decode())) & self._ledger.typed.keys()
        foreign = told - self._server.ever_read[person] - set(WORD.findall((request.body or b"").decode()))
        if foreign:
            visible = self._visible(person)
            typed = {word: self._ledger.typed[word] for word in foreign}
            never = sorted(w for w, by in typed.items() if by.person != person and by.key not in visible)
            demand(not never, NOT_HERS, f"{request.path} told {person} of {never}")

    def _pulled(self, person: str, device: str, asked: Any, said: Any) -> None:
        before = decode(asked["cursor"]) if asked["cursor"] else Cursor()
        after = decode(said["cursor"])
        could_see = self._server.read_by(person, device, after)
        for row in said["changes"]:
            key = (row["collection"], row["id"])
            if row["deleted"]:
                self._taken_away(person, key, row, could_see)
            else:
                self._may_hold(person, key, row["record"], "a pull")
                demand(row["seq"] == self._server.truth.seqs[key], "a wrong number", f"{key}")
        moved = after.seq > before.seq or (not said["more"] and after.seq == before.seq)
        demand(moved, "a cursor went wrong", f"{person}: {before.seq} to {after.seq}, more: {said['more']}")
        self._server.tally["pulled: pages before the last"] += said["more"]

    def _taken_away(self, person: str, key: Key, row: Any, could_see: set[Key]) -> None:
        demand(row["record"] is None, "a tombstone has a body", f"{key}")
        demand(key not in self._visible(person), "a visible record was taken away", f"{person} pulled {key}")
        known = key in could_see or key in self._server.sent[person]
        demand(known, "a tombstone of what nobody held", f"{person} pulled {key}")
        self._server.tally["pulled: tombstones"] += 1

    def _may_hold(self, person: str, key: Key, record: Record, where: str) -> None:
        """A record that leaves the server must be one that the person may see, as it stands."""
        stands = self._visible(person).get(key)
        demand(stands is not None, NOT_HERS, f"{where} told {person} of {key}")
        demand(as_wire(record) == as_wire(stands), "a wrong body", f"{key}: {record}, stands {stands}")

    def _listed(self, person: str, path: str, items: list[Record]) -> None:
        parts = path.split("/")
        if parts[-1] == "history":
            for version in items:
                readers = self._server.truth.oracle.readers(parts[2], version["record"])
                demand(person in readers, NOT_HERS, f"{path} told {person}")
            return
        for record in items:
            self._may_hold(person, (parts[2], record["id"]), record, path)
        there = sum(kind == parts[2] for kind, _ in self._visible(person))
        demand(len(items) == there, "a list is not whole", f"{path} gave {len(items)} of {there} to {person}")
