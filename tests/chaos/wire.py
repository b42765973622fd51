"""A phone's network that keeps books: what was sent, what was acknowledged, and when. The phone's own books are not asked."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from sync.client import Lost, Network, Request, Response

PUSH = "/v1/sync/push"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A change that the server said it has: `status` is what it first became."""

    phone: str
    op_id: str
    collection: str
    id: str
    fields: Mapping[str, Any]
    deleted: bool
    status: str


@dataclass
class Ledger:
    """What all phones of a site were told, in the order in which they were told."""

    acknowledged: dict[str, Acknowledged] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    refusals: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    """Pushes that were refused as a whole: status, problem, Retry-After."""
    moments: list[tuple[float, str]] = field(default_factory=list)
    """When each push was acknowledged, and to which phone."""
    _under_way: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def pushing(self, phone: str) -> Iterator[None]:
        """A push of this phone is on its way or being answered."""
        self._under_way[phone] = time.monotonic()
        try:
            yield
        finally:
            del self._under_way[phone]

    def in_flight(self) -> int:
        """How many pushes are on their way or being answered."""
        return len(self._under_way)

    def count(self, answer: str) -> None:
        """One more answer of this kind: an HTTP status, or `lost`."""
        with self._lock:
            self.answers[answer] += 1

    def refuse(self, answer: Response) -> None:
        """One more push that was refused as a whole."""
        problem = orjson.loads(answer.body).get("type", "").rpartition("/")[2]
        with self._lock:
            self.refusals[answer.status, problem, answer.headers.get("retry-after", "")] += 1

    def take(self, phone: str, sent: bytes, answer: bytes) -> None:
        """The outcomes of one push."""
        changes = {change["op_id"]: change for change in orjson.loads(sent)["changes"]}
        with self._lock:
            self.moments.append((time.monotonic(), phone))
            for outcome in orjson.loads(answer)["outcomes"]:
                told = _acknowledged(phone, changes[outcome["op_id"]], outcome)
                self.acknowledged.setdefault(told.op_id, told)

    def since(self, moment: float, but: frozenset[str] = frozenset()) -> float | None:
        """Seconds from the moment to the first push acknowledged after it, not counting these phones; None: none yet."""
        after = [at for at, phone in self.moments[-2000:] if at >= moment and phone not in but]
        return min(after) - moment if after else None


class Wire:
    """One phone's network."""

    def __init__(self, inner: Network, phone: str, ledger: Ledger) -> None:
        self.inner, self.phone, self.ledger = inner, phone, ledger

    def send(self, request: Request) -> Response:
        """The answer to one request."""
        try:
            answer = self._send(request)
        except Lost:
            self.ledger.count("lost")
            raise
        self.ledger.count(str(answer.status))
        if request.path == PUSH and answer.status == 200:
            self.ledger.take(self.phone, request.body or b"", answer.body)
        elif request.path == PUSH:
            self.ledger.refuse(answer)
        return answer

    def _send(self, request: Request) -> Response:
        if request.path != PUSH:
            return self.inner.send(request)
        with self.ledger.pushing(self.phone):
            return self.inner.send(request)


def _acknowledged(phone: str, change: Mapping[str, Any], outcome: Mapping[str, Any]) -> Acknowledged:
    whose = (phone, change["op_id"], change["collection"], change["id"])
    status = outcome.get("first") or outcome["status"]
    return Acknowledged(*whose, change.get("fields") or {}, bool(change.get("deleted")), status)
