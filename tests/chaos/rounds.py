"""A storm of phones over one site, and what a kill in the midst of it did."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Self
from uuid import uuid4

from tests.chaos import promises
from tests.chaos.kills import KILLS, Blow
from tests.chaos.listener import Listener
from tests.chaos.office import Office
from tests.chaos.phones import HOST, Phone, Place, Whose
from tests.chaos.promises import Broken
from tests.chaos.site import TENANT, Site, wait_for
from tests.chaos.wire import Ledger

WRITERS = (
    ("observer", "hasty", 1),
    ("observer", "patient", 5),
    ("coach", "patient", 4),
    (HOST, "patient", 3),
)
"""The hasty one tries each request once and is back at once: it measures the service."""
READERS = (("colleague", "reads", 2), (HOST, "reads", 2))
LISTENERS = ("observer", "coach", HOST)
HASTY = frozenset({"observer-hasty"})
TOLD_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Struck:
    """One kill: whom, how many pushes were on their way, and seconds.

    `away_s` from the kill until it served again; from there to the first push that was acknowledged to anybody
    (`first_s`) and to a phone that keeps the client's own pauses (`patient_s`). Where the live process was killed: to
    the first listener that was told something, and to the last.
    """

    target: str
    victims: str
    in_flight: int
    away_s: float
    first_s: float
    patient_s: float
    broken: Broken


class Storm:
    """Phones, listeners and the district's office on one site; `strike` kills one of its parts."""

    def __init__(self, site: Site, directory: Path, seed: int = 1) -> None:
        self.site, self.directory, self.rng, self.ledger = site, directory, Random(seed), Ledger()
        self.enrolled: list[str] = []
        self.place = Place(f"visit-{uuid4()}", f"debrief-{uuid4()}")

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            host = Phone(self.site, self.directory, (HOST, "begins", 5), self.ledger, self.place)
            opened.callback(host.close)
            host.do(_begin_visit, host).result()
            self.since, self.tenant_id = self.clock(), self.site.tenant_id()
            self.writers = [self._phone(opened, one) for one in WRITERS]
            self.readers = [self._phone(opened, one) for one in READERS]
            self.listeners = [Listener(self.site, person, "listens") for person in LISTENERS]
            for listener in self.listeners:
                opened.callback(listener.stop)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._opened.close()

    def _phone(self, opened: ExitStack, whose: Whose) -> Phone:
        phone = Phone(self.site, self.directory, whose, self.ledger, self.place)
        opened.callback(phone.close)
        return phone

    def clock(self) -> int:
        """Where the tenant's clock stands."""
        with self.site.connect() as connection:
            row = connection.execute(
                "SELECT seq FROM sync_clock WHERE tenant_id = %s", [self.site.tenant_id()]
            ).fetchone()
        assert row
        return int(str(row[0]))

    @contextmanager
    def blowing(self) -> Iterator[None]:
        """Everybody types and reads for the length of the block; at its end they come to rest."""
        stop, office = threading.Event(), Office(self.site)
        storms = [phone.do(phone.storm, stop, phone in self.writers) for phone in self.writers + self.readers]
        try:
            yield
        finally:
            stop.set()
            self.enrolled += office.stop()
        for one in storms:
            one.result()

    def strike(self, target: str) -> Struck:
        """Kill this one in mid-push, wait until all serve and have come to rest, and look whether every promise held."""
        with self.blowing():
            time.sleep(0.2 + self.rng.random() * 0.6)
            wait_for(self.ledger.in_flight, "a push")
            in_flight, began = self.ledger.in_flight(), time.monotonic()
            said = self.site.running.said
            blow = KILLS[target](self.site, self.rng)
            serves = blow.serves()
            silent = _is_silent(blow, self.site.running.said.removeprefix(said))
            first, patient = self._told(serves) if target == "live" else self._pushed(serves)
        broken = self.at_rest()
        broken.untold += [f"the supervisor said nothing of {blow.victims}"] if silent else []
        return Struck(target, blow.victims, in_flight, serves - began, first, patient, broken)

    def _pushed(self, moment: float) -> tuple[float, float]:
        """Seconds to the first push acknowledged to anybody, and to a patient phone."""
        return self._first(moment, frozenset()), self._first(moment, HASTY)

    def _first(self, moment: float, but: frozenset[str]) -> float:
        wait_for(lambda: self.ledger.since(moment, but) is not None, "an acknowledged push after recovery")
        return self.ledger.since(moment, but) or 0.0

    def _told(self, moment: float) -> tuple[float, float]:
        """Seconds to the first listener that was told something, and to the last."""
        first = wait_for(lambda: any(one.at >= moment for one in self.listeners), "an event after recovery")
        last = wait_for(lambda: all(one.at >= moment for one in self.listeners), "an event for everybody")
        return first - moment, last - moment

    def at_rest(self) -> Broken:
        """What does not hold once all that was typed is answered and all was read."""
        for one in [phone.do(phone.rest) for phone in self.writers + self.readers]:
            one.result()
        untold = self._untold()
        with self.site.connect() as connection:
            tables = promises.read(connection, self.tenant_id)
        told = list(self.ledger.acknowledged.values())
        broken = promises.check(tables, told, self.since, ("debriefs", self.place.debrief))
        broken.untold = untold
        broken.lost += [
            f"{one} was enrolled" for one in self.enrolled if ("people", one) not in tables.documents
        ]
        broken.refused += [
            f"an answer {n}" for n in self.ledger.answers if n not in ("200", "204", "401", "503", "lost")
        ]
        broken.skipped = self._skipped()
        return broken

    def _skipped(self) -> list[str]:
        """Phones that read on and on, and one that reads from the start: each must hold what the server has for it."""
        with ExitStack() as opened:
            fresh = self._phone(opened, ("coach", "fresh", 5))
            return [line for phone in [*self.writers, *self.readers, fresh] for line in _differences(phone)]

    def _untold(self) -> list[str]:
        """A last word in the debrief: whoever listens must hear of it."""
        host = self.writers[-1]
        host.do(
            host.client.put, "debriefs", self.place.debrief, {"protocol": f"a last word at {self.clock()}"}
        ).result()
        host.do(host.rest).result()
        clock = self.clock()
        end = time.monotonic() + TOLD_WITHIN_S
        while any(one.heard < clock for one in self.listeners) and time.monotonic() < end:
            time.sleep(0.01)
        return [
            f"{one.name} heard of {one.heard}, not of {clock}" for one in self.listeners if one.heard < clock
        ]


def _is_silent(blow: Blow, said: str) -> bool:
    """Whether the supervisor started again what was killed, and did not tell the person at the terminal."""
    return bool(blow.name) and f"{blow.name} ended unexpectedly (signal 9); starting it again" not in said


def _begin_visit(host: Phone) -> None:
    guests = [f"{TENANT}-{person}" for person in ("observer", "coach", "colleague")]
    visit = {"host_id": f"{TENANT}-{HOST}", "observer_ids": guests, "state": "under_way"}
    host.client.put("visits", host.place.visit, visit)
    host.client.put(
        "debriefs", host.place.debrief, {"visit_id": host.place.visit, "protocol": "a first word"}
    )
    host.rest()


def _differences(phone: Phone) -> list[str]:
    """A job may write between the reading and the comparing: three times in a row is no chance."""
    for _ in range(3):
        phone.do(phone.rest).result()
        found = phone.do(phone.differs).result()
        if not found:
            return []
    return [f"{phone.name} does not hold {name} as the server has it" for name in found]
