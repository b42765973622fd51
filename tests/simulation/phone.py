"""A phone of this world: it is opened, dies, is backed up and restored, and its file is read past the client's code."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from service.accounts import sign_in
from service.api.services import Services
from sync.client import Client, Request, Response, Surroundings
from tests.phones import VirtualClock
from tests.simulation.network import GOOD, Air, Weather
from tests.simulation.oracle import Key, Record
from tests.simulation.plan import PHONES
from tests.simulation.server import Server
from tests.simulation.truth import WORD
from tests.simulation.watch import PULL
from tests.sync.client.fuse import Fuse

_HELD_HERE = "SELECT collection, id, seq, body FROM records WHERE NOT deleted"
_WRITABLE_HERE = """SELECT body FROM records WHERE NOT deleted
                    AND collection NOT IN ('conflicts', 'rejected_writes', 'read_events')"""


class Phone:
    """One phone of one person. `page` and `batch` are small on some phones, so that their syncs take many requests."""

    def __init__(
        self, name: str, home: Path, server: Server, clock: VirtualClock, fuse: Fuse, seed: int
    ) -> None:
        self.name, self.person, self.home = name, PHONES[name], home
        self._server, self._clock, self._seed = server, clock, seed
        chance = Random(f"{seed} {name}")
        self.skew = timedelta(hours=chance.choice((0, 0, 0, -30, 2, 400)))
        self.size = chance.choice((4, 15, 500, 500))
        self.air = Air(self._deliver, fuse, server.tally)
        self.expected: dict[Key, Record] | None = None  # what its last full pull should have left here
        self._promised: dict[int, dict[Key, Record]] = {}  # the same for each answer under way
        self.backup: Path | None = None
        self.restored, self.device_id = False, ""
        self._known: dict[str, list[Any]] = {}  # what was read from the file since it last changed
        self._client: Client | None = None
        self.waited: set[str] = set()  # the words that waited when it last began to sync, or typed since
        self._opened = 0
        self.life = 0  # of the server: the last one in which this phone synced whole

    @property
    def client(self) -> Client:
        """The client, opened anew after a crash. Whoever asks for it may change the file."""
        self._known.clear()
        if self._client is None:
            self._opened += 1
            chance = Random(f"{self._seed} {self.name} {self._opened}")
            around = Surroundings(lambda: self._clock.now() + self.skew, self._clock.sleep, chance)
            self._client = Client(
                self.home, network=self, surroundings=around, attempts=2, durable=False,
                batch=self.size, page=self.size,
            )  # fmt: skip
        return self._client

    def sign_in(self, services: Services) -> None:
        """Its person types a code."""
        with services.database.begin(self._server.tenant) as connection:
            code = sign_in.make_code(connection, self._server.tenant, self.person, services.now())
        self.client.sign_in(code)
        self.device_id = self.client.device_id

    def close(self) -> None:
        """Put the phone away; nothing that a process knew outlives it."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def under(self, weather: Weather, chance: Random) -> None:
        """The weather of the requests to come."""
        self.air.weather, self.air.random = weather, chance

    def back_up(self) -> None:
        """Copy its files."""
        self.close()
        self.backup = self.home.with_suffix(".backup")
        shutil.rmtree(self.backup, ignore_errors=True)
        shutil.copytree(self.home, self.backup)

    def restore(self) -> None:
        """Its files are those of the backup again."""
        assert self.backup is not None
        self.close()
        shutil.rmtree(self.home)
        shutil.copytree(self.backup, self.home)
        self._known.clear()
        self.restored, self.expected = True, None

    def send(self, request: Request) -> Response:
        """The answer, if it comes through the air; the last page of a pull says what the phone must hold then."""
        self._promised.clear()
        try:
            response = self.air.send(request)
        finally:
            self._known.clear()  # somebody may have looked meanwhile
        self.expected = self._promised.get(id(response), self.expected)
        return response

    def _deliver(self, request: Request) -> Response:
        response = self._server.answer(self.person, request, restored=self.restored)
        if request.path == PULL and response.status == 200 and not json.loads(response.body)["more"]:
            self._promised[id(response)] = dict(self._server.truth.oracle.visible[self.person])
        return response

    def good_weather(self) -> None:
        """From now on every request arrives at once."""
        self.under(GOOD, Random(0))

    # what lies in its file

    def ids(self) -> set[Key]:
        """The records that the file holds."""
        return {(row[0], row[1]) for row in self._read(_HELD_HERE)}

    def holds(self) -> dict[Key, tuple[int, Any]]:
        """(number, record) of each record that the file holds."""
        rows = self._read(_HELD_HERE)
        return {(kind, record_id): (seq, json.loads(body)) for kind, record_id, seq, body in rows}

    def words_waiting(self) -> set[str]:
        """The words of changes that are not answered yet."""
        return _words(row[0] for row in self._read("SELECT fields FROM outbox"))

    def words_held(self) -> set[str]:
        """The words in the records that the file holds, without those that the server alone writes."""
        return _words(row[0] for row in self._read(_WRITABLE_HERE))

    def digest(self, kind: str) -> tuple[int, str]:
        """How many records of a kind lie here, and the xor of the hashes of their ids and numbers."""
        held = [(record_id, seq) for (name, record_id), (seq, _) in self.holds().items() if name == kind]
        bits = 0
        for record_id, seq in held:
            bits ^= int.from_bytes(sha256(f"{record_id}:{seq}".encode()).digest()[:8])
        return len(held), f"{bits:016x}"

    def _read(self, statement: str) -> list[Any]:
        if statement not in self._known:
            self._known[statement] = self._read_file(statement)
        return self._known[statement]

    def _read_file(self, statement: str) -> list[Any]:
        found = [file for file in self.home.glob("*.sqlite") if file.stat().st_size]
        if not found:
            return []
        with closing(sqlite3.connect(found[0])) as connection:
            return connection.execute(statement).fetchall()


def _words(texts: Iterable[bytes]) -> set[str]:
    return {word for text in texts for word in WORD.findall(text.decode())}
