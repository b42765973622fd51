"""Stands at the server's door: one request at a time, a look at each answer, and at the tables after each that may write."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import psycopg

from tests.clients.phone import Phone, Row
from tests.clients.school import School
from tests.simulation.oracle import Key
from tests.simulation.truth import WORD, Truth


class Told(NamedTuple):
    """A record in an answer; `row` is None where the phone is told that it is gone."""

    key: Key
    row: Row | None


class Watch:
    """The door of one world's school, from `open` to `close`. What it finds wrong is in `faults`."""

    def __init__(self, school: School) -> None:
        self.school, self.phones = school, dict[str, Phone]()
        self.faults: list[str] = []
        self.tables = psycopg.connect(school.owner_url, autocommit=True)
        self._turn, self._truth = threading.Lock(), self._look()
        self._answer = school.app.wsgi_app
        school.app.wsgi_app = self  # type: ignore[method-assign]  # as Flask's own manual wraps an app

    def close(self) -> None:
        """Leave the door."""
        self.school.app.wsgi_app = self._answer  # type: ignore[method-assign]  # what stood there before
        self.tables.close()

    def let_in(self, phone: Phone) -> None:
        """Know a phone by its token."""
        self.phones[f"Bearer {phone.token}"] = phone

    @property
    def truth(self) -> Truth:
        """The tables as they stand; as they stood when the door was left."""
        with self._turn:
            return self._truth

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Somebody writes without a request, and nobody asks meanwhile."""
        with self._turn:
            yield
            self._truth = self._look()

    def _look(self) -> Truth:
        truth = Truth(self.tables, self.school.tenant_id)
        assert (truth.history, truth.held) is not None  # read now, as they stand at this moment
        return truth

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._turn:
            said: list[str] = []

            def start(status: str, *more: Any) -> Any:
                said.append(status)
                return start_response(status, *more)

            environ.pop("HTTP_ACCEPT_ENCODING", None)  # an answer that can be read here
            with closing(self._answer(environ, start)) as answer:  # type: ignore[type-var]  # Flask's can be closed
                body = b"".join(answer)
            phone = self.phones.get(environ.get("HTTP_AUTHORIZATION", ""))
            if phone is not None:
                self._look_at(phone, environ, said[0], body)
            return [body]

    def _look_at(self, phone: Phone, environ: dict[str, Any], status: str, body: bytes) -> None:
        asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        if not status.startswith("20"):
            self.faults.append(f"{phone.name} was answered {status} to {asked}: {body[:300]!r}")
            return
        if environ["REQUEST_METHOD"] == "POST":
            before, self._truth = self._truth, self._look()
            self.faults += _written_unseen(phone, before, self._truth)
        for told in _told(environ["PATH_INFO"], json.loads(body or b"null")):
            self._look_at_record(phone, told, asked)

    def _look_at_record(self, phone: Phone, told: Told, asked: str) -> None:
        hers = self._truth.oracle.visible[phone.person_id]
        if told.row is None:
            if told.key in hers:
                self.faults.append(f"{asked} told {phone.name} that {told.key} is gone, which she may see")
        elif told.key not in hers:
            self.faults.append(f"{asked} showed {phone.name} {told.key}, which is not for her: {told.row}")
        elif foreign := set(WORD.findall(json.dumps(told.row))) - self._truth.words_of(told.key):
            self.faults.append(f"{asked} showed {phone.name} {foreign} in {told.key}, which are not there")


def _written_unseen(phone: Phone, before: Truth, after: Truth) -> Iterator[str]:
    """What this push wrote into records that stood, and that its person could not see."""
    hers = before.oracle.visible[phone.person_id]
    for key in after.seqs:
        stood = key[1] in before.rows[key[0]]
        wrote = after.versions[phone.name, key] > before.versions[phone.name, key]
        if stood and key not in hers and wrote:
            yield f"{phone.name} wrote {key}, which she could not see: {after.rows[key[0]].get(key[1])}"


def _told(path: str, said: Any) -> Iterator[Told]:
    """The records of an answer."""
    if isinstance(said, dict) and "changes" in said:
        for name, table in said["changes"].items():
            yield from (Told((name, row["id"]), row) for row in table["updated"])
            yield from (Told((name, record_id), None) for record_id in table["deleted"])
    elif said is not None:
        name, rows = path.split("/")[4], said if isinstance(said, list) else said["documents"]
        for row in rows:
            yield Told((name, row["id"]), None if row["_deleted"] else row)
