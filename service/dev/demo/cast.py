"""The people of the demo district, each with a phone of her own: the reference client in a folder that goes away afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from service.accounts import directory, sign_in
from service.database import Database
from service.dev import district
from service.dev.demo.network import SchoolNetwork
from sync.changes import Record
from sync.client.client import Client
from sync.client.surroundings import Surroundings
from sync.client.transport import HttpNetwork
from sync.clock import system_now

ON_STAGE = ("host", "observer", "lead")
OUTSIDE = ("colleague", "principal", "evaluator", "coach", "stranger")
"""Who must never see what is said of the host's lessons."""
_HURRY = 0.02
"""The demo waits this fraction of the time that a phone would wait before it tries again."""


@dataclass(slots=True)
class Player:
    """A person with her phone, and the network that her phone is on."""

    role: str
    phone: Client
    network: SchoolNetwork
    sent: int = 0
    repeated: int = 0

    @property
    def person_id(self) -> str:
        """Her id."""
        return district.account(self.role).person_id

    def sync(self) -> None:
        """Sync until nothing waits, whatever the network does."""
        report = self.phone.sync()
        self.sent += report.applied + report.merged + report.rejected + report.held
        self.repeated += report.repeated

    @contextmanager
    def offline(self) -> Iterator[Client]:
        """Her phone without a network."""
        self.network.up = False
        try:
            yield self.phone
        finally:
            self.network.up = True

    def holds(self, text: str) -> list[str]:
        """Every record on her phone, of any kind, in which the text stands."""
        found = []
        for collection in self.phone.collections():
            rows: list[Record] = self.phone.list(collection)
            found += [f"{collection}/{row['id']}" for row in rows if text in orjson.dumps(row).decode()]
        return found


Cast = dict[str, Player]


@contextmanager
def gathered(server: str, database: Database, folder: Path) -> Iterator[Cast]:
    """All players, signed in by invitation code on fresh phones."""
    with ExitStack() as stack:
        cast = {role: _arrive(role, server, database, folder / role, stack) for role in (*ON_STAGE, *OUTSIDE)}
        for player in cast.values():
            player.sync()
        yield cast


def _arrive(role: str, server: str, database: Database, home: Path, stack: ExitStack) -> Player:
    network = SchoolNetwork(HttpNetwork(server))
    phone = Client(home, server, network=network, surroundings=Surroundings(sleep=_hurried), attempts=8)
    stack.callback(network.inner.close)
    stack.callback(phone.close)
    phone.sign_in(_code(database, district.account(role).address), f"{role}'s phone")
    return Player(role, phone, network)


def _code(database: Database, address: str) -> str:
    with database.begin_reference() as connection:
        tenant_id, person_id = directory.person_by_address(connection, address)
    with database.begin(tenant_id) as connection:
        return sign_in.make_code(connection, tenant_id, person_id, system_now())


def _hurried(seconds: float) -> None:
    import time

    time.sleep(seconds * _HURRY)
