"""The app and the database on which worlds are played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg
from flask import Flask
from joserfc.jwk import ECKey
from psycopg.rows import TupleRow

from service.app import create_app
from service.settings import Settings
from tests.builders import make_tenant, services_of
from tests.conftest import environment, owner_url
from tests.phones import VirtualClock
from tests.simulation import backup, cast
from tests.simulation.plan import Step
from tests.simulation.world import World


@dataclass(frozen=True)
class Stage:
    """One app, one clock, and a connection of the database's owner, for one world after another.

    `morning` is what all of them begin with, as the rows of `tenant`: copied, since making it anew takes long.
    """

    app: Flask
    tables: psycopg.Connection[TupleRow]
    clock: VirtualClock
    tenant: UUID
    morning: backup.Rows = field(repr=False)

    def world(self, seed: int) -> World:
        """A new world, in a tenant of its own."""
        self.clock.moment = VirtualClock().moment
        tenant = make_tenant(services_of(self.app), f"sim-{seed}-{uuid4().hex[:12]}")
        backup.put_back(self.tables, tenant, backup.moved(self.morning, self.tenant, tenant))
        return World(self.app, self.tables, self.clock, seed, tenant)

    def play(self, seed: int, steps: Sequence[Step]) -> World:
        """Live through these steps in a new world; raises Violation."""
        world = self.world(seed)
        world.run(steps)
        return world


@contextmanager
def set_up(database_url: str) -> Iterator[Stage]:
    """The stage over a migrated database; tests.servers must be there to ask."""
    clock = VirtualClock()
    key = ECKey.generate_key("P-256", private=True).as_pem(private=True).decode()
    app = create_app(Settings.from_environment(environment(database_url, key)), now=clock.now)
    owner = owner_url(database_url).replace("+psycopg", "")
    with psycopg.connect(owner, autocommit=True) as tables:
        tenant = make_tenant(services_of(app), f"sim-{uuid4().hex[:12]}")
        cast.begin(services_of(app), tenant)
        yield Stage(app, tables, clock, tenant, backup.copy(tables, tenant))
    services_of(app).database.dispose()
