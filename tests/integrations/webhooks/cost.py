"""`python -m tests.integrations.webhooks.cost`: what webhooks cost a push, in processor seconds of ours and of PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psutil
from sqlalchemy import insert, make_url

from service.accounts import directory, sessions
from service.accounts.apps import registry
from service.accounts.apps.leave import scopes_of
from service.database import Database
from service.integrations.webhooks.following import Webhooks
from service.integrations.webhooks.tables import webhook
from service.records import KINDS
from sync.changes import Change
from sync.clock import system_now
from sync.server.actor import system_actor
from sync.server.push import Door
from tests.servers import Desk, admin, ask

PUSHES, ROUNDS = 60, 3
SCOPES = ("people:read", "webhooks:manage")
MATCHES, MATCHES_NOT = ["people.created"], ["visits.shared"]


def main() -> None:
    """Print milliseconds of each case, the least of several rounds."""
    with database() as place:
        cases = {
            "no follower": (Door(KINDS), made(place, None)),
            "no webhook": (Door(KINDS, follower=Webhooks(scopes_of)), made(place, None)),
            "one that wants others": (Door(KINDS, follower=Webhooks(scopes_of)), made(place, MATCHES_NOT)),
            "one that matches": (Door(KINDS, follower=Webhooks(scopes_of)), made(place, MATCHES)),
            "an app's that matches": (
                Door(KINDS, follower=Webhooks(scopes_of)),
                made(place, MATCHES, app=True),
            ),
        }
        rounds = [{name: cost(place, *case) for name, case in cases.items()} for _ in range(ROUNDS)]
    for name in cases:
        ours, postgres = (min(figures[name][part] for figures in rounds) for part in (0, 1))
        print(f"{name:24} {ours:6.2f} ms ours  {postgres:6.2f} ms PostgreSQL  {ours + postgres:6.2f} ms")


@contextmanager
def database() -> Iterator[Database]:
    """A database of one connection, on a PostgreSQL of its own."""
    desk = Desk()
    try:
        server = ask("database")
        url, name = make_url(server["url"]), f"cw_{server['run']}_cost"
        with admin(url) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {server['template']}")
        mine = url.set(username="comewatch_rw", database=name).render_as_string(hide_password=False)
        place = Database(mine, prepared_statements=True, pool_size=1)
        yield place
        place.dispose()
    finally:
        desk.close()


def made(place: Database, events: list[str] | None, *, app: bool = False) -> UUID:
    """A tenant with Ada, and with an endpoint of hers or of an app of hers."""
    now = system_now()
    with place.begin_reference() as connection:
        tenant_id = directory.create_tenant(connection, f"north-{uuid4().hex[:8]}", "North", now)
        wish = registry.Wish("Box", ["https://box.example/back"], SCOPES)
        client_id = registry.register(connection, wish, None, now).client_id
    push(place, Door(KINDS), tenant_id, "ada-administers")
    with place.begin(tenant_id) as connection:
        registry.approve(connection, tenant_id, client_id, SCOPES, None, now)
        given = sessions.App(client_id, frozenset(SCOPES))
        sessions.start(connection, tenant_id, "ada-administers", ("app-1", "Box"), now, given)
        if events is not None:
            words = {"url": "https://box.example/hooks", "description": "", "secret": "", "created_at": now}
            whose = {"tenant_id": tenant_id, "id": uuid4(), "person_id": "ada-administers"}
            row = whose | words | {"events": events, "app_id": client_id if app else None}
            connection.execute(insert(webhook).values(row))
    return tenant_id


def push(place: Database, door: Door, tenant_id: UUID, person_id: str) -> None:
    change = Change(f"op-{person_id}", "people", person_id, {"display_name": "Nina", "roles": ["teacher"]})
    with place.begin(tenant_id) as connection:
        (outcome,) = door.push(connection, system_actor(tenant_id), [change])
    assert outcome.problem is None, outcome.problem


def cost(place: Database, door: Door, tenant_id: UUID) -> tuple[float, float]:
    """Milliseconds of a push: of this process, and of the backend that serves it."""
    with place.begin(tenant_id) as connection:
        backend = psutil.Process(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
    began, before = time.process_time(), sum(backend.cpu_times()[:2])
    for _ in range(PUSHES):
        push(place, door, tenant_id, f"person-{uuid4().hex}")
    ours, theirs = time.process_time() - began, sum(backend.cpu_times()[:2]) - before
    return ours * 1000 / PUSHES, theirs * 1000 / PUSHES


if __name__ == "__main__":
    main()
