"""One world: its server, its phones, its steps, and what is checked after each of them."""

from __future__ import annotations

import shutil
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import Random
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from psycopg.rows import TupleRow

from sync.client import Declined, DeviceRevoked, SignInRequired
from sync.server.push import Door
from tests.builders import services_of
from tests.phones import VirtualClock
from tests.servers import MEMORY
from tests.simulation import promises
from tests.simulation.acts import ACTS
from tests.simulation.disasters import is_wiped
from tests.simulation.events import EVENTS, sync_whole
from tests.simulation.ledger import Ledger
from tests.simulation.oracle import Record
from tests.simulation.phone import Phone
from tests.simulation.plan import Step
from tests.simulation.rest import come_to_rest
from tests.simulation.scene import Scene
from tests.simulation.server import Server
from tests.simulation.violation import Violation
from tests.sync.client.fuse import Fuse, wire


class World:
    """Told by its seed and its steps alone. `clock` is the app's, too."""

    def __init__(
        self, app: Flask, tables: psycopg.Connection[TupleRow], clock: VirtualClock, seed: int, tenant: UUID
    ) -> None:
        self.seed, self.clock, self.services = seed, clock, services_of(app)
        self.directory = Path(tempfile.mkdtemp(prefix="cw-sim-", dir=MEMORY if MEMORY.is_dir() else None))
        self.began, self.lives = clock.moment, 1
        self.ledger, self.fuse = Ledger(), Fuse()
        self.server = Server(app, tables, tenant, self.ledger)
        self.phones: dict[str, Phone] = {}
        self.story: list[str] = []
        self.taken = 0  # so many of the steps were begun

    def run(self, steps: Sequence[Step]) -> None:
        """Live through the steps and come to rest; raises Violation. `story` tells what happened."""
        with pytest.MonkeyPatch.context() as patched:
            wire(self.fuse, patched)
            patched.setattr(Door, "push", self.server.push_through(Door.push))
            try:
                for step in steps:
                    self.taken += 1
                    self._take(step)
                self._rest()
                self._count_what_is_left()
            finally:
                for phone in self.phones.values():
                    phone.close()
                shutil.rmtree(self.directory, ignore_errors=True)

    def _count_what_is_left(self) -> None:
        truth, tally = self.server.truth, self.server.tally
        tally.update({f"left: {name}": count for name, count in self.server.stored().items()})
        tally.update(
            {
                f"left: {kind}": len(truth.rows[kind])
                for kind in ("conflicts", "rejected_writes", "read_events")
            }
        )
        tally["left: deleted records"] += len(truth.dead)
        tally["phone: clocks that are wrong"] += sum(bool(phone.skew) for phone in self.phones.values())

    def _rest(self) -> None:
        try:
            come_to_rest(self)
        except Exception as fault:
            raise _as_violation(fault) from fault

    def phone(self, name: str) -> Phone:
        """The phone of this name, signed in; a new one where there is none."""
        if name not in self.phones:
            home = self.directory / name
            self.phones[name] = Phone(name, home, self.server, self.clock, self.fuse, self.seed)
            self.phones[name].sign_in(self.services)
            self._first_sync(self.phones[name])
        return self.phones[name]

    def _first_sync(self, phone: Phone) -> None:
        """Most phones are out of the shop for a while already."""
        if Random(f"{self.seed} {phone.name} first").random() < 0.8:
            self.story.append(f"    {phone.name} is new, and {sync_whole(self, phone)}")

    def _take(self, step: Step) -> None:
        chance = Random(f"{self.seed} {step.number}")
        try:
            done = self.act(step, chance) if step.what in ACTS else EVENTS[step.what](self, step, chance)
            if done:
                self.server.tally[f"step: {step.what}"] += 1
                self.story.append(f"{step.number:>3} {self._whose(step)}{done}")
                self.check(f"after step {step.number}")
        except Exception as fault:
            self.story.append(f"{step.number:>3} {self._whose(step)}{step.what}")
            raise _as_violation(fault) from fault

    def _whose(self, step: Step) -> str:
        return f"{step.phone} " if step.phone else ""

    def act(self, step: Step, chance: Random) -> str | None:
        """Somebody types; words that she types over before they were sent are given up."""
        phone = self.phone(step.phone)
        before = phone.words_waiting()
        done = ACTS[step.what](Scene(step, phone, self.ledger, chance))
        self.give_up(before - phone.words_waiting())
        phone.waited |= phone.words_waiting()
        return done

    def ask(self, phone: Phone, *asked: object) -> Record | None:
        """What the phone is answered by REST to method, path, and what is said; None when it is declined."""
        phone.good_weather()
        waiting = phone.words_waiting()
        try:
            return phone.client.ask(*asked)  # type: ignore[arg-type]  # method, path, what is said
        except DeviceRevoked:
            is_wiped(self, phone, waiting)
            return self.ask(phone, *asked)
        except SignInRequired:
            phone.sign_in(self.services)
            return self.ask(phone, *asked)
        except Declined:
            return None

    def give_up(self, words: set[str]) -> None:
        """Words that left a phone without an answer: nobody expects those that are nowhere else."""
        truth = self.server.truth
        if words:
            self.ledger.given_up |= words - truth.words_now - truth.words_before - self.words_waiting()

    def words_waiting(self) -> set[str]:
        """The words that wait on any phone."""
        return set().union(*(phone.words_waiting() for phone in self.phones.values()))

    def check(self, when: str) -> None:
        """All that must hold at any moment."""
        self.ledger.check(self.server.truth, self.words_waiting(), when)
        promises.check(self.server, self.phones.values(), when)


def _as_violation(fault: Exception) -> Violation:
    """That nothing raises is a promise, too."""
    if isinstance(fault, Violation):
        return fault
    where = traceback.extract_tb(fault.__traceback__)[-1]
    return Violation("something raised", f"{type(fault).__name__}: {fault} at {where.name}:{where.lineno}")
