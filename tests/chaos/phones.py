"""Phones in a storm: each is the real client over the real network, in a thread of its own, and goes on whatever happens."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import ParamSpec, TypeVar
from uuid import uuid4

from sync.client import Client, HttpNetwork, Surroundings, Unreachable
from tests.chaos.site import Site
from tests.chaos.wire import Ledger, Wire

Said = ParamSpec("Said")
Given = TypeVar("Given")
HOST = "host"
Whose = tuple[str, str, int]
"""A person, the name of her phone, and how often it sends one request, with the client's own pauses, before it gives up."""
DRAINS_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Place:
    """The ids of the visit that is observed in a storm, and of its debrief."""

    visit: str
    debrief: str


class Phone:
    """A person's phone."""

    def __init__(self, site: Site, directory: Path, whose: Whose, ledger: Ledger, place: Place) -> None:
        self.person, self.place = whose[0], place
        self.name = f"{whose[0]}-{whose[1]}"
        self.home = directory / f"{self.name}-{uuid4()}"
        self.rng, self.drafts = Random(self.name), list[str]()
        self._network = HttpNetwork(site.url)
        self._thread = ThreadPoolExecutor(1, self.name)
        self._knocks_after_s = 0.0 if whose[2] == 1 else 0.3
        wire = Wire(self._network, self.name, ledger)
        self.client = self.do(self._begin, wire, whose[2], site.code(self.person)).result()

    def do(self, work: Callable[Said, Given], /, *args: Said.args, **options: Said.kwargs) -> Future[Given]:
        """Let the phone's thread do it: its files are of one thread."""
        return self._thread.submit(work, *args, **options)

    def _begin(self, wire: Wire, attempts: int, code: str) -> Client:
        client = Client(
            self.home,
            network=wire,
            batch=25,
            attempts=attempts,
            surroundings=Surroundings(),
            durable=False,
        )
        client.sign_in(code)
        client.sync()
        return client

    def storm(self, stop: threading.Event, types: bool) -> None:
        """Type a little and sync, over and over."""
        while not stop.is_set():
            if types:
                type_some(self)
            try:
                self.client.sync()
            except Unreachable:
                stop.wait(self._knocks_after_s)
            stop.wait(0.05 + self.rng.random() * 0.25)

    def rest(self) -> None:
        """Sync until nothing waits and all was read; TimeoutError when that takes too long."""
        end = time.monotonic() + DRAINS_WITHIN_S
        while True:
            with suppress(Unreachable):
                self.client.sync()
                if not self.client.pending():
                    return
            if time.monotonic() > end:
                raise TimeoutError(f"{self.client.pending()} changes of {self.name} were never answered")

    def differs(self) -> list[str]:
        """The collections that it does not hold as the server has them for its person."""
        return [one.collection for one in self.client.digest_check() if not one.equal]

    def close(self) -> None:
        """Put it away."""
        self.do(self.client.close).result()
        self._thread.shutdown()
        self._network.close()
        shutil.rmtree(self.home, ignore_errors=True)


def type_some(phone: Phone) -> None:
    """Notes and second thoughts, where she observes; and a word in the debrief, which all write together."""
    if phone.person != HOST:
        _take_notes(phone)
    if phone.rng.random() < 0.3:
        phone.client.put("debriefs", phone.place.debrief, {"protocol": f"as {phone.name} says {uuid4()}"})


def _take_notes(phone: Phone) -> None:
    for _ in range(phone.rng.randint(1, 5)):
        draft = phone.rng.random() < 0.3
        note = {"visit_id": phone.place.visit, "note_kind": "noticing", "text": f"noticed {uuid4()}"}
        note_id = phone.client.put("notes", None, note | {"state": "draft" if draft else "shared"})
        if draft:
            phone.drafts.append(note_id)
    if phone.drafts and phone.rng.random() < 0.5:
        _think_again(phone, phone.rng.choice(phone.drafts))


def _think_again(phone: Phone, note_id: str) -> None:
    what = phone.rng.random()
    if what < 0.6:
        phone.client.put("notes", note_id, {"text": f"thought again {uuid4()}"})
        return
    phone.drafts.remove(note_id)
    if what < 0.8:
        phone.client.put("notes", note_id, {"state": "shared"})
    else:
        phone.client.delete("notes", note_id)
