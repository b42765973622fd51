"""This server: as `make run` has it, two workers of eight threads, and the native door."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count as counting
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson

from schemas.sync import LARGEST_PAGE, MOST_CHANGES
from service.app import make_services
from service.dev import programs
from service.dev.keys import kept_secrets
from service.dev.ports import free_pair
from service.dev.postgres import SOCKET_PATH_LIMIT
from service.migrations import upgrade
from service.settings import Settings
from tests.bench.doors import cursor_of, other_doors, poked, shared
from tests.bench.loading import Template, load
from tests.bench.notes import VISIT, note
from tests.bench.place import News, Read, Since, slices
from tests.bench.rig import Rig
from tests.bench.size import proofs
from tests.bench.wire import Script, drive, request
from tests.bench.works import Figure, Round
from tests.builders import make_person, make_tenant, put, sign_in

DATABASE = "bench_ours"
IDS = re.compile(rb'"id": ?"([^"]+)"')
HOST, NOBODY = "bench-host", "http://127.0.0.1:9"
PLACES = counting(1)
OF_A_NOTE = b'"visit_id":'
COME_AGAIN, MOST_AGAIN = 503, 1000
MOST_BY_DOOR = 20_000


class Ours:
    """This server on the bench."""

    name = "ours"
    slow = 1

    def __init__(self, rig: Rig) -> None:
        self.rig, port = rig, free_pair()
        self.address, streams = ("127.0.0.1", port), free_pair()
        home = rig.home / "ours"
        home.mkdir(parents=True, exist_ok=True)
        url, live_url = (f"http://127.0.0.1:{number}" for number in (port, streams))
        environment = {
            "COMEWATCH_HOME": str(home), "COMEWATCH_DEVELOPMENT": "true", "PUBLIC_URL": url, "LOG_LEVEL": "WARNING",
            "RATE_LIMIT_PERSON": "10000000", "RATE_LIMIT_TENANT": "10000000",  # counted as ever, and never used up
            "DATABASE_URL": rig.postgres.url(DATABASE, "comewatch_rw"), "DATABASE_OWNER_URL": rig.postgres.url(DATABASE),
            "S3_ENDPOINT": NOBODY, "LIVE_URL": live_url, **hint_socket(home), **kept_secrets(home),
        }  # fmt: skip
        self.settings = Settings.from_environment(environment)
        env, logs = dict(os.environ) | environment, rig.home / "logs"
        self.api = programs.api(*self.address, url=url, env=env, logs=logs)
        self.streams = programs.live("127.0.0.1", streams, url=live_url, env=env, logs=logs)
        self.services = make_services(self.settings)

    def start(self) -> None:
        self.rig.fresh(DATABASE)
        upgrade(self.settings.database_owner_url)
        self.api.start()

    def stop(self) -> None:
        self.services.database.dispose()
        self.streams.stop()
        self.api.stop()

    @property
    def pids(self) -> Sequence[int]:
        running = (one.process for one in (self.api, self.streams) if one.alive)
        return [process.pid for process in running if process is not None]

    @contextmanager
    def live(self) -> Iterator[None]:
        """The live process, for as long as it is listened to."""
        self.streams.start()
        try:
            yield
        finally:
            self.streams.stop()

    def place(self, clients: int, state: str = "draft") -> OurPlace:
        return OurPlace(self, clients, state)

    def also(self, work: str, doing: Round) -> Iterator[Figure]:
        works = {"W1": shared, "W2": other_doors, "W6": poked, "size": proofs}
        return works[work](self, doing) if work in works else iter(())


class OurPlace:
    """A tenant with one visit. Drafts are written by one observer on several phones, which all read all of them.

    Shared notes are written by as many observers, one phone each, and the host reads them.
    """

    ids = IDS

    def __init__(self, ours: Ours, clients: int, state: str) -> None:
        self.ours, self.seed, self.again, self.state = ours, next(PLACES), 0, state
        services = ours.services
        self.tenant_id: UUID = make_tenant(services, f"bench-{uuid4().hex[:12]}")
        there = 1 if state == "draft" else clients
        self.observers = observers = [f"bench-observer-{number}" for number in range(there)]
        for person in (HOST, *observers):
            make_person(services, self.tenant_id, person)
        put(services, self.tenant_id, "visits", VISIT, host_id=HOST, observer_ids=observers)
        self.owners: list[tuple[str, str]] = []
        self.phones: list[dict[str, str]] = []
        for number in range(clients):
            self.phone(observers[number % there], f"bench-phone-{number}")

    def phone(self, person_id: str, device_id: str) -> int:
        """One more client: somebody's phone; returns its number."""
        self.owners.append((person_id, device_id))
        self.phones.append(self._signed_in(person_id, device_id))
        return len(self.phones) - 1

    def renew(self) -> None:
        """Sign all phones in anew: a token lasts ten minutes."""
        self.phones = [self._signed_in(*owner) for owner in self.owners]

    def _signed_in(self, person_id: str, device_id: str) -> dict[str, str]:
        token = sign_in(self.ours.services, self.tenant_id, person_id, device_id)
        return {"Authorization": f"Bearer {token}", "X-Device-Id": device_id}

    def push(self, client: int, first: int, count: int) -> Script[int]:
        return self._send_all([self.pushing(client, *some) for some in slices(first, count, MOST_CHANGES)])

    def _send_all(self, requests: Sequence[bytes]) -> Script[int]:
        taken = 0
        for asked in requests:
            taken += (yield from self._sent(asked)).count(b'"status":"applied"')
        return taken

    def _sent(self, pushing: bytes) -> Script[bytes]:
        """Push, and again as long as the server asks for that: as a phone does, without its pauses."""
        while (answer := (yield pushing)).status == COME_AGAIN and self.again < MOST_AGAIN:
            self.again += 1
        return answer.good()

    def pull(self, client: int) -> Script[int]:
        came = 0
        for page in (yield from self._pull_on(client, None))[0]:
            came += page.count(OF_A_NOTE)
        return came

    def pairs(self, client: int, first: int, count: int) -> Script[Read]:
        asked = [
            (self.id(first + number), self.pushing(client, first + number, 1)) for number in range(count)
        ]
        return self._pair(client, asked)

    def _pair(self, client: int, asked: list[tuple[str, bytes]]) -> Script[Read]:
        read = Read()
        for note_id, pushing in asked:
            said = yield from self._sent(pushing)
            if b'"status":"applied"' in said:
                read.acknowledged.append(note_id)
            page = (yield self.pulling(client, read.since)).good()
            read.since = cursor_of(page)
            read.pages.append(page)
        return read

    def onward(self, client: int, read: Read) -> Script[Read]:
        pages, read.since = yield from self._pull_on(client, read.since)
        read.pages += pages
        return read

    def caught_up(self, client: int) -> Script[Since]:
        return (yield from self._pull_on(client, None))[1]

    def nothing(self, client: int, since: Since, count: int) -> Script[int]:
        asking, empty = self.pulling(client, since), 0
        for _ in range(count):
            empty += (yield asking).good().startswith(b'{"changes":[],')
        return empty

    def news(self, client: int, since: Since, first: int, times: int, few: int) -> Script[News]:
        cursor, found = since, []
        for start, some in slices(first, times * few, few):
            yield from self._sent(self.pushing(client, start, some))
            asking, began = self.pulling(client, cursor), time.perf_counter()
            answer = yield asking
            found.append((answer.at - began) * 1000)
            cursor = cursor_of(answer.good())
            assert answer.body.count(OF_A_NOTE) == some
        return found, cursor

    def fill(self, first: int, count: int) -> None:
        if count > MOST_BY_DOOR:
            self.load(count)
            return
        (taken,) = drive(self.ours.address, [self.push(0, first, count)]).results
        assert taken == count, f"{taken} of {count} notes were taken"

    def load(self, count: int) -> Template:
        """Put so many notes there by SQL; the first of them goes through the door."""
        drive(self.ours.address, [self.push(0, 0, 1)])
        with self.ours.rig.admin(DATABASE) as connection:
            found = connection.execute("SELECT seq FROM sync_clock WHERE tenant_id = %s", [self.tenant_id])
            (seq,) = found.fetchone() or (0,)
            assert isinstance(seq, int)
            template = Template(self.tenant_id, self.id(0), seq)
            load(connection, template, count - 1)
        return template

    def stored(self) -> int:
        return self.ours.rig.count(DATABASE, "notes", "tenant_id = %s", self.tenant_id)

    def _pull_on(self, client: int, cursor: str | None) -> Script[tuple[list[bytes], str | None]]:
        """Read to the end; returns the pages and the cursor after them."""
        pages, more = [], True
        while more:
            page = (yield self.pulling(client, cursor)).good()
            pages.append(page)
            cursor, more = cursor_of(page), page.endswith(b'"more":true}')
        return pages, cursor

    def id(self, number: int) -> str:
        """The id of a note of this place."""
        return str(note(number, VISIT, self.seed)["id"])

    def pushing(self, client: int, first: int, count: int) -> bytes:
        """The request that writes these notes."""
        body = orjson.dumps(
            {"changes": [_change(note(n, VISIT, self.seed, self.state)) for n in range(first, first + count)]}
        )
        return request("POST", "/v1/sync/push", body, self.phones[client])

    def pulling(
        self, client: int, cursor: str | None, encoding: str = "identity", most: int = LARGEST_PAGE
    ) -> bytes:
        """The request that reads a page, of the largest size unless said otherwise."""
        asked = {"cursor": cursor, "collections": ["notes"], "limit": most}
        return request(
            "POST", "/v1/sync/pull", orjson.dumps(asked), self.phones[client] | {"Accept-Encoding": encoding}
        )


def hint_socket(home: Path) -> dict[str, str]:
    """Where the live process hears of commits, if the path is not too long for a socket."""
    path = str(home / "live.sock")
    return {"LIVE_HINT_SOCKET": path} if len(path.encode()) <= SOCKET_PATH_LIMIT else {}


def _change(said: dict[str, Any]) -> dict[str, Any]:
    record_id = said.pop("id")
    return {
        "op_id": f"op-{record_id}",
        "collection": "notes",
        "id": record_id,
        "base_seq": None,
        "fields": said,
    }
