"""A server in memory at the network's edge, for the client's own tests: one tenant, everybody sees everything.

It keeps the wire's promises simply: numbers, receipts, holding, a crude merge that drops no word. It also watches its
clients: two payloads under one op_id are an AssertionError.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from schemas.problems import Problem
from sync.client import Request, Response
from sync.merge import three_way
from tests.sync.client.fake_answers import ok, problem
from tests.sync.client.fake_store import FakeStore

PARENTS = {"notes": ("visit_id", "visits")}
SCHEMA = "/v1/sync/schema/native"
READ_ONLY = {"rejected_writes"}
FIELDS = ("title", "text", "people_ids", "place", "visit_id", "state")
Json = dict[str, Any]


class FakeServer:
    """One tenant's records. `documents[collection, id]` is {seq, record or None, writers: {field: seq}}."""

    def __init__(self) -> None:
        self.seq, self.epoch, self.horizon = 1, 1, 0
        self.documents: dict[tuple[str, str], Json] = {}
        self.versions: dict[tuple[str, str, int], Json] = {}
        self.receipts: dict[str, Json] = {}
        self.held: dict[str, tuple[Json, str]] = {}
        self.payloads: dict[str, str] = {}  # every payload ever heard, by op_id: survives a restore
        self.heard: list[Json] = []
        self.codes: dict[str, str] = {}
        self.sessions: dict[str, Json] = {}
        self.busy: list[Response] = []  # answered first, one request each
        self.store = FakeStore(self)
        self.most_bytes = 2**20

    # state

    def backup(self) -> Json:
        """Everything that a restore brings back."""
        kept = ("seq", "epoch", "horizon", "documents", "versions", "receipts", "held")
        return deepcopy({name: getattr(self, name) for name in kept})

    def restore(self, backup: Json) -> None:
        """The operator's restore: a new epoch, numbers far ahead, every older cursor is answered with a reset."""
        for name, value in deepcopy(backup).items():
            setattr(self, name, value)
        self.epoch += 1
        self.seq += 10**9
        self.horizon = self.seq

    def collect_tombstones(self) -> None:
        """Deleted records leave the feed, and older cursors may not pull any more."""
        self.horizon = self.seq

    def live(self, collection: str) -> dict[str, Json]:
        """The records that stand, by id."""
        stand = {k: d for k, d in self.documents.items() if d["record"] is not None}
        return {record_id: d["record"] for (kind, record_id), d in stand.items() if kind == collection}

    # the wire

    def send(self, request: Request) -> Response:
        """What a network would carry."""
        if self.busy:
            return self.busy.pop(0)
        if len(request.body or b"") > self.most_bytes:
            return problem(Problem.TOO_LARGE)
        said = json.loads(request.body) if request.body else {}
        path, _, query = request.path.partition("?")
        public = {"/v1/sign-in/code": self._sign_in, "/v1/sign-in/refresh": self._refresh, SCHEMA: _schema}
        if path in public:
            return public[path](said)
        person = self._person(request.headers.get("Authorization", ""))
        if person is None:
            return problem(Problem.SIGN_IN_REQUIRED)
        private: dict[str, Callable[[], Response]] = {
            "/v1/sync/push": lambda: self._push(said, person),
            "/v1/sync/pull": lambda: self._pull(said),
            "/v1/sync/digest": lambda: self._digest(query.partition("=")[2]),
            "/v1/sign-out": lambda: Response(204),
        }
        if path.startswith("/v1/media/"):
            return self.store.answer(request.method, path.removeprefix("/v1/media/"), said)
        return private.get(path, lambda: problem(Problem.NOT_FOUND))()

    # sessions: access tokens live until `expire`; a refresh gives the same successor until it was used

    def _sign_in(self, said: Json) -> Response:
        person = self.codes.get(said["code"])
        if person is None:
            return problem(Problem.CODE_NOT_VALID)
        session = self.sessions[said["device_id"]] = {
            "person": person,
            "generation": 1,
            "access": {f"{said['device_id']}/a1"},
        }
        return ok(_tokens(said["device_id"], session))

    def _refresh(self, said: Json) -> Response:
        device, _, generation = said["refresh_token"].rpartition("/r")
        session = self.sessions.get(device)
        if session is None:
            return problem(Problem.SESSION_ENDED)
        if session.get("revoked"):
            return problem(Problem.SESSION_ENDED, wipe=True)
        if int(generation) == session["generation"]:
            session["generation"] += 1
            session["used"] = False
        elif int(generation) != session["generation"] - 1 or session["used"]:
            del self.sessions[device]
            return problem(Problem.SESSION_ENDED)
        session["access"] = {f"{device}/a{session['generation']}"}
        return ok(_tokens(device, session))

    def expire(self) -> None:
        """Every access token runs out."""
        for session in self.sessions.values():
            session["access"] = set()

    def _person(self, authorization: str) -> str | None:
        token = authorization.removeprefix("Bearer ")
        session = self.sessions.get(token.rpartition("/a")[0])
        if session is None or token not in session["access"]:
            return None
        session["used"] = True
        return str(session["person"])

    # push

    def _push(self, said: Json, person: str) -> Response:
        return ok({"outcomes": [self._take(change, person) for change in said["changes"]]})

    def _take(self, change: Json, person: str) -> Json:
        payload = json.dumps({k: v for k, v in change.items() if k != "op_id"}, sort_keys=True)
        assert self.payloads.setdefault(change["op_id"], payload) == payload, "two payloads under one op_id"
        self.heard.append(change)
        first = self.receipts.get(change["op_id"])
        if first is not None:
            return first | {"status": "repeated", "first": first["status"]}
        outcome = self._judge(change, person)
        self._wake()
        self.receipts[change["op_id"]] = outcome
        return outcome

    def _judge(self, change: Json, person: str) -> Json:
        key = (change["collection"], change["id"])
        parent, kind = PARENTS.get(change["collection"], ("", ""))
        wanted = change.get("fields", {}).get(parent)
        if wanted and self.documents.get((kind, wanted), {}).get("record") is None:
            self.held[change["op_id"]] = (change, person)
            return _outcome(change, "held")
        document = self.documents.get(key)
        if (document is None and change["base_seq"]) or (document and document["record"] is None):
            if document is not None and change.get("deleted"):
                return _outcome(change, "applied", seq=document["seq"], deleted=True)
            return self._reject(change)
        if change.get("deleted"):
            if document is None:
                return self._reject(change)
            self._write(key, None, ())
            return _outcome(change, "applied", seq=self.seq, deleted=True)
        if any("REFUSE" in str(value) for value in change["fields"].values()):
            return self._reject(change)
        return self._store(change, key, document, person)

    def _store(self, change: Json, key: tuple[str, str], document: Json | None, person: str) -> Json:
        born = {"id": change["id"], "created_by": person} | dict.fromkeys(FIELDS)
        before = dict(document["record"]) if document else born
        record = dict(before)
        for name, value in change["fields"].items():
            record[name] = self._merged(document, key, change["base_seq"], name, value)
        changed = [name for name in record if record[name] != before.get(name)]
        if changed or document is None:
            self._write(key, record, changed)
        stale = document is not None and (change["base_seq"] or 0) < document["seq"]
        as_sent = all(record[name] == value for name, value in change["fields"].items())
        seq = self.documents[key]["seq"]
        if as_sent and not stale:
            return _outcome(change, "applied", seq=seq)
        return _outcome(change, "merged", seq=seq, record=dict(record))

    def _merged(
        self, document: Json | None, key: tuple[str, str], base_seq: int | None, name: str, value: Any
    ) -> Any:
        if document is None or document["record"].get(name) == value:
            return value
        if base_seq and document["writers"].get(name, 0) <= base_seq:
            return value
        current = document["record"][name]
        base = self.versions.get((*key, base_seq or 0), {}).get(name)
        if isinstance(value, str) and isinstance(current, str):
            merged = three_way(base or "", current, value) if base_seq else None
            return f"{current} {value}" if merged is None else merged
        if isinstance(value, list):
            base, current = base or [], current or []
            return sorted((set(current) | set(value)) - (set(base) - set(value)) - (set(base) - set(current)))
        return value

    def _write(self, key: tuple[str, str], record: Json | None, changed: Any) -> None:
        self.seq += 1
        writers = self.documents.get(key, {}).get("writers", {}) | dict.fromkeys(changed, self.seq)
        self.documents[key] = {"seq": self.seq, "record": record, "writers": writers}
        if record is not None:
            self.versions[(*key, self.seq)] = dict(record)

    def _reject(self, change: Json) -> Json:
        document = self.documents.get((change["collection"], change["id"]))
        problem = (Problem.NOT_ALLOWED if document or not change["base_seq"] else Problem.NOT_FOUND).document(
            "Not so."
        )
        truth: Json = {}
        if document and document["record"] is not None:
            truth = {"record": dict(document["record"]), "seq": document["seq"]}
        elif document or change["base_seq"]:
            truth = {"deleted": True}
        return _outcome(change, "rejected", problem=problem, **truth)

    def _wake(self) -> None:
        for op_id, (change, person) in list(self.held.items()):
            del self.held[op_id]
            self.receipts[op_id] = self._judge(change, person)

    def give_up(self) -> None:
        """The deadline of everything held passes: it is told in a record, and the receipts stay as they were."""
        for op_id, (change, person) in self.held.items():
            fields = {
                "op_id": op_id,
                "problem": "parent-unknown",
                "detail": "It never came.",
                "person_id": person,
            }
            self._write(
                ("rejected_writes", f"rw-{op_id}"), {"id": f"rw-{op_id}", **fields, "payload": change}, ()
            )
        self.held = {}

    # pull

    def _pull(self, said: Json) -> Response:
        since, boot, epoch = (int(n) for n in (said["cursor"] or f"0:{self.seq}:{self.epoch}").split(":"))
        if since and (max(since, boot) < self.horizon or epoch != self.epoch):
            return problem(Problem.SYNC_RESET_REQUIRED, restored=epoch != self.epoch)
        news = sorted((d["seq"], *key) for key, d in self.documents.items() if d["seq"] > since)
        news = [(s, k, i) for s, k, i in news if self.documents[k, i]["record"] is not None or s > boot]
        page = news[: said["limit"]]
        last = page[-1][0] if len(news) > len(page) else self.seq
        changes = [self._row(kind, record_id) for _, kind, record_id in page]
        return ok({"changes": changes, "cursor": f"{last}:{boot}:{epoch}", "more": len(news) > len(page)})

    def _row(self, kind: str, record_id: str) -> Json:
        document = self.documents[kind, record_id]
        record = document["record"]
        return {
            "collection": kind,
            "id": record_id,
            "seq": document["seq"],
            "deleted": record is None,
            "record": record,
        }

    def _digest(self, collection: str) -> Response:
        total, rows = (
            0,
            [(i, d["seq"]) for (k, i), d in self.documents.items() if k == collection and d["record"]],
        )
        for record_id, seq in rows:
            total ^= int.from_bytes(hashlib.sha256(f"{record_id}:{seq}".encode()).digest()[:8], "big")
        return ok({"collection": collection, "count": len(rows), "digest": f"{total:016x}", "seq": self.seq})


def _outcome(change: Json, status: str, **rest: Any) -> Json:
    return {name: change[name] for name in ("op_id", "collection", "id")} | {"status": status} | rest


def _tokens(device: str, session: Json) -> Json:
    generation = session["generation"]
    return {
        "access_token": f"{device}/a{generation}",
        "refresh_token": f"{device}/r{generation}",
        "token_type": "Bearer",
        "expires_in": 600,
        "person_id": session["person"],
        "tenant_id": "6f1c1a52-3c1e-4b7e-9d53-0d6a3a0f7e11",
        "device_id": device,
    }


def _schema(said: Json) -> Response:
    fields: Json = {name: {"type": "string"} for name in ("id", *FIELDS)}
    fields["created_by"] = {"type": "string", "server_owned": True}
    kinds = ("visits", "notes", "rejected_writes")
    return ok({"collections": {name: {"read_only": name in READ_ONLY, "fields": fields} for name in kinds}})
