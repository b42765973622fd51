"""The live process on a port of its own beside the app, over one database; hints go where it hears them, unless a test says no."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, Queue
from socket import SHUT_RDWR, socket
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
import uvicorn
from flask import Flask

from service.app import create_app, make_services
from service.live.__main__ import listening
from service.live.app import Live
from service.settings import Settings
from tests.builders import make_person, make_tenant, put, services_of, sign_in
from tests.conftest import environment
from tests.phones import VirtualClock

HANA, OLGA, PETRA = "hana-host", "olga-observes", "petra-passes-by"
SOON_S = 30.0
"""Patience on a busy machine."""


class Ear:
    """A client of the live process: one open stream, its events in the order in which they came."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.events: Queue[dict[str, Any]] = Queue()
        self.lines: list[str] = []
        self.status: int | None = None
        self.problem: dict[str, Any] = {}
        self.ended = threading.Event()
        self._begun = threading.Event()
        self._socket: socket | None = None
        self._client = httpx.Client(timeout=60, headers=headers, follow_redirects=True)
        self._thread = threading.Thread(target=self._listen, args=(url,), daemon=True)
        self._thread.start()
        assert self._begun.wait(SOON_S)

    def _listen(self, url: str) -> None:
        try:
            with self._client.stream("GET", url) as answer:
                self.status, self.headers = answer.status_code, answer.headers
                self._socket = answer.extensions["network_stream"].get_extra_info("socket")
                if answer.status_code != 200:
                    self.problem = orjson.loads(answer.read())
                self._begun.set()
                for line in answer.iter_lines() if answer.status_code == 200 else ():
                    self.lines.append(line)
                    if line.startswith("data: "):
                        self.events.put(orjson.loads(line.removeprefix("data: ")))
        except (httpx.HTTPError, RuntimeError):
            pass
        finally:
            self.ended.set()
            self._begun.set()

    def next(self, within_s: float = SOON_S) -> dict[str, Any]:
        return self.events.get(timeout=within_s)

    def is_silent(self, for_s: float = 0.4) -> bool:
        try:
            self.events.get(timeout=for_s)
        except Empty:
            return True
        return False

    def hang_up(self) -> None:
        with suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(SHUT_RDWR)
        self._thread.join(SOON_S)
        self._client.close()


@dataclass
class Place:
    """A tenant with three colleagues, the app that they write to, and the live process that they listen to."""

    app: Flask
    live: Live
    url: str
    tenant_id: UUID
    ears: list[Ear] = field(default_factory=list)

    def token(self, person_id: str, device_id: str | None = None) -> str:
        return sign_in(services_of(self.app), self.tenant_id, person_id, device_id)

    def listen(self, person_id: str, device_id: str | None = None, query: str = "") -> Ear:
        """A stream, of which the first event is taken already."""
        ear = self.open(
            f"/v1/sync/stream{query}", {"Authorization": f"Bearer {self.token(person_id, device_id)}"}
        )
        assert ear.status == 200, ear.problem
        ear.next()
        return ear

    def open(self, path: str, headers: dict[str, str]) -> Ear:
        ear = Ear(self.url + path, headers)
        self.ears.append(ear)
        return ear

    def wait(self, person_id: str, query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(person_id)}"}
        return httpx.get(f"{self.url}/v1/sync/wait?{query}", headers=headers, timeout=60)

    def put(self, collection: str, record_id: str, **fields: Any) -> str:
        return put(services_of(self.app), self.tenant_id, collection, record_id, **fields)

    def visit(self, visit_id: str = "visit-one") -> str:
        """A visit of Olga's at Hana's, which Petra has nothing to do with."""
        return self.put("visits", visit_id, host_id=HANA, observer_ids=[OLGA])


Begin = Callable[..., Place]


@contextmanager
def served(live: Live) -> Iterator[str]:
    """The URL at which the live process answers, from a thread of this process."""
    config = uvicorn.Config(
        live, "127.0.0.1", 0, lifespan="on", log_config=None, ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening(config)],), daemon=True)
    thread.start()
    end = time.monotonic() + SOON_S
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(SOON_S)


@pytest.fixture(scope="module")
def one_app() -> list[Flask]:
    return []


@pytest.fixture
def begin(database_url: str, token_key: str, tmp_path: Path, one_app: list[Flask]) -> Iterator[Begin]:
    """`begin(every_s=…, hints=…, live_url=…, now=…)`: a place; everything is taken down at the end."""
    places: list[Any] = []

    def make(
        *,
        every_s: float = 60.0,
        hints: bool = True,
        now: VirtualClock | None = None,
        live_url: str | None = None,
    ) -> Place:
        settings = Settings.from_environment(environment(database_url, token_key))
        ears = tmp_path / "live.sock"
        settings = replace(settings, live_hint_socket=ears, live_url=live_url)
        live = Live(settings, every_s=every_s, **({"now": now.now} if now else {}))
        running = served(live)
        url = running.__enter__()
        writes = replace(settings, live_hint_socket=ears if hints else None, live_url=live_url and url)
        if not one_app:
            one_app.append(create_app(writes))
        services = make_services(writes, **({"now": now.now} if now else {}))
        services.serve(one_app[0])
        place = Place(one_app[0], live, url, make_tenant(services, f"north-{uuid4().hex[:8]}"))
        for person_id in (HANA, OLGA, PETRA):
            make_person(services, place.tenant_id, person_id)
        places.append((place, running))
        return place

    yield make
    for place, running in places:
        for ear in place.ears:
            ear.hang_up()
        running.__exit__(None, None, None)
        services_of(place.app).database.dispose()
